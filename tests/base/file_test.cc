#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::IsOk;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

unsigned ModeOf(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0U;
}

class FileTest : public ::testing::Test {
 protected:
  const testing::TemporaryDirectory folder_;
  const std::string path_ = folder_.File("record");
};

TEST_F(FileTest, ReadsBackWhatItWrote) {
  const std::string content(10000, 'x');
  ASSERT_OK(WriteFileAtomically(path_, content));
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds(content));
}

TEST_F(FileTest, ReplacesAnOldFileAndLeavesNothingElse) {
  ASSERT_OK(WriteFileAtomically(path_, "a much longer first content"));
  ASSERT_OK(WriteFileAtomically(path_, "second"));
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("second"));
  EXPECT_THAT(ListDirectory(folder_.path()), IsOkAndHolds(ElementsAre("record")));
}

TEST_F(FileTest, WritesWithTheGivenMode) {
  ASSERT_OK(WriteFileAtomically(path_, "private"));
  EXPECT_EQ(ModeOf(path_), 0600U);
  ASSERT_OK(WriteFileAtomically(path_, "public", 0644));
  EXPECT_EQ(ModeOf(path_), 0644U);
}

TEST_F(FileTest, AFailedWriteKeepsTheOldAndLeavesNoTemporaryFile) {
  ASSERT_OK(EnsureDirectory(folder_.File("taken/inner")));
  EXPECT_THAT(WriteFileAtomically(folder_.File("taken"), "x"),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(ListDirectory(folder_.path()), IsOkAndHolds(ElementsAre("taken")));
}

TEST_F(FileTest, WritingIntoAnAbsentFolderIsNotFound) {
  EXPECT_THAT(WriteFileAtomically(folder_.File("absent/record"), "x"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FileTest, ReadingAnAbsentFileIsNotFoundAndNamesThePath) {
  EXPECT_THAT(ReadFile(path_), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
}

TEST_F(FileTest, ReadsUpToTheLimitAndNotBeyond) {
  ASSERT_OK(WriteFileAtomically(path_, "12345"));
  EXPECT_THAT(ReadFile(path_, 5), IsOkAndHolds("12345"));
  EXPECT_THAT(ReadFile(path_, 4), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(FileTest, RemovesAndFindsItsWorkDone) {
  ASSERT_OK(WriteFileAtomically(path_, "x"));
  EXPECT_THAT(RemoveFile(path_), IsOk());
  EXPECT_THAT(ReadFile(path_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(RemoveFile(path_), IsOk());
  EXPECT_THAT(RemoveFile(folder_.File("absent/record")), IsOk());
}

TEST_F(FileTest, DoesNotRemoveAFolder) {
  ASSERT_OK(EnsureDirectory(path_));
  EXPECT_THAT(RemoveFile(path_), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(FileTest, CreatesAFolderWithItsParents) {
  const std::string deep = folder_.File("a/b/c");
  EXPECT_THAT(EnsureDirectory(deep, 0700), IsOk());
  EXPECT_EQ(ModeOf(deep), 0700U);
  EXPECT_THAT(EnsureDirectory(folder_.File("a/b/d/")), IsOk());
  EXPECT_THAT(ListDirectory(folder_.File("a/b")), IsOkAndHolds(ElementsAre("c", "d")));
}

TEST_F(FileTest, AnExistingFolderKeepsItsMode) {
  ASSERT_OK(EnsureDirectory(path_, 0700));
  EXPECT_THAT(EnsureDirectory(path_, 0755), IsOk());
  EXPECT_EQ(ModeOf(path_), 0700U);
}

TEST_F(FileTest, AFileInPlaceOfTheFolderIsAnError) {
  ASSERT_OK(WriteFileAtomically(path_, "x"));
  EXPECT_THAT(EnsureDirectory(path_), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(FileTest, ListsSorted) {
  for (const char* name : {"b", "c", "a"}) {
    ASSERT_OK(WriteFileAtomically(folder_.File(name), ""));
  }
  EXPECT_THAT(ListDirectory(folder_.path()), IsOkAndHolds(ElementsAre("a", "b", "c")));
}

TEST_F(FileTest, ListingAnAbsentFolderIsNotFound) {
  EXPECT_THAT(ListDirectory(folder_.File("absent")), StatusIs(absl::StatusCode::kNotFound));
}

TEST(IsTemporaryNameTest, KnowsTheNamesThatACrashLeaves) {
  EXPECT_TRUE(IsTemporaryName(".tmp.a1B2c3"));
  EXPECT_FALSE(IsTemporaryName(".tmp."));
  EXPECT_FALSE(IsTemporaryName("vol.tmp.a1B2c3"));
  EXPECT_FALSE(IsTemporaryName("record"));
}

TEST_F(FileTest, ReplacesAndRemovesWithoutWaitingForTheDisk) {
  ASSERT_OK(WriteFileAtomically(path_, "quick", 0600, Durability::kProcess));
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("quick"));
  ASSERT_OK(RemoveFile(path_, Durability::kProcess));
  EXPECT_THAT(ListDirectory(folder_.path()), IsOkAndHolds(::testing::IsEmpty()));
}

TEST_F(FileTest, RenamesOverAnExistingFile) {
  ASSERT_OK(WriteFileAtomically(path_, "new"));
  ASSERT_OK(WriteFileAtomically(folder_.File("old"), "old"));
  ASSERT_OK(RenameFile(path_, folder_.File("old")));
  EXPECT_THAT(ReadFile(folder_.File("old")), IsOkAndHolds("new"));
  EXPECT_THAT(ReadFile(path_), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::base
