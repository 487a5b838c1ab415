#include "target/record_folder.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TemporaryDirectory;
using ::testing::ElementsAre;

TEST(RecordFolderTest, KeepsWhatIsWritten) {
  const TemporaryDirectory directory;
  const auto folder = *RecordFolder::Open(directory.File("records"));
  ASSERT_OK(folder->Write("a.json", "one"));
  ASSERT_OK(folder->Write("a.json", "two"));
  EXPECT_THAT(folder->Read("a.json"), IsOkAndHolds("two"));
  EXPECT_THAT(folder->Names(), IsOkAndHolds(ElementsAre("a.json")));
}

TEST(RecordFolderTest, RemovesAlsoWhatIsGone) {
  const TemporaryDirectory directory;
  const auto folder = *RecordFolder::Open(directory.path());
  ASSERT_OK(folder->Write("a.json", "one"));
  EXPECT_OK(folder->Remove("a.json"));
  EXPECT_OK(folder->Remove("a.json"));
  EXPECT_THAT(folder->Read("a.json"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(RecordFolderTest, OpenRemovesUnfinishedWrites) {
  const TemporaryDirectory directory;
  const std::string unfinished = directory.File(".tmp.abcdef");
  ASSERT_OK(base::WriteFileAtomically(unfinished, "half"));
  ASSERT_OK(RecordFolder::Open(directory.path()));
  EXPECT_FALSE(std::filesystem::exists(unfinished));
}

TEST(RecordFolderTest, SetsAsideWithoutLosingWhatWasSetAsideBefore) {
  const TemporaryDirectory directory;
  const auto folder = *RecordFolder::Open(directory.path());
  ASSERT_OK(folder->Write("a.json", "one"));
  EXPECT_THAT(folder->SetAside("a.json"), IsOkAndHolds("a.json.aside-1"));
  ASSERT_OK(folder->Write("a.json", "two"));
  EXPECT_THAT(folder->SetAside("a.json"), IsOkAndHolds("a.json.aside-2"));
  EXPECT_THAT(folder->Read("a.json.aside-1"), IsOkAndHolds("one"));
}

// A file system on which only what the ballast gives up is free.
class FullRecordFolder final : public RecordFolder {
 public:
  explicit FullRecordFolder(const std::string& directory)
      : RecordFolder(directory), ballast_(directory + "/.ballast") {
    EXPECT_OK(Prepare());
    filled_ = std::filesystem::file_size(ballast_);
  }

  std::uintmax_t needed = 0;

 private:
  absl::Status Replace(const std::string& path, const std::string& content) override {
    if (filled_ - std::filesystem::file_size(ballast_) < needed) {
      return absl::ResourceExhaustedError("ENOSPC");
    }
    return RecordFolder::Replace(path, content);
  }

  const std::string ballast_;
  std::uintmax_t filled_ = 0;
};

TEST(RecordFolderTest, BallastMakesRoomForRecordsWhenTheDiskIsFull) {
  const TemporaryDirectory directory;
  FullRecordFolder folder(directory.path());
  folder.needed = 1 << 20;
  EXPECT_OK(folder.Write("a.json", "one"));
  EXPECT_LT(std::filesystem::file_size(directory.File(".ballast")), 4U << 20);
}

TEST(RecordFolderTest, DiskThatStaysFullIsReported) {
  const TemporaryDirectory directory;
  FullRecordFolder folder(directory.path());
  folder.needed = 1 << 30;
  EXPECT_THAT(folder.Write("a.json", "one"), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(RecordFolderTest, RemovalFillsTheBallastUpAgain) {
  const TemporaryDirectory directory;
  FullRecordFolder folder(directory.path());
  folder.needed = 1 << 20;
  ASSERT_OK(folder.Write("a.json", "one"));
  ASSERT_OK(folder.Remove("a.json"));
  EXPECT_EQ(std::filesystem::file_size(directory.File(".ballast")), 4U << 20);
}

}  // namespace
}  // namespace nvmeof::target
