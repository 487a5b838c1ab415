#include "base/record_files.h"

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::StatusIs;

class RecordDirectoryTest : public ::testing::Test {
 protected:
  testing::TemporaryDirectory folder_;
};

TEST_F(RecordDirectoryTest, MakesItsFolder) {
  ASSERT_OK(RecordDirectory::Open(folder_.File("a/b")));
  EXPECT_OK(ListDirectory(folder_.File("a/b")));
}

TEST_F(RecordDirectoryTest, KeepsWhatIsWrittenForTheNextProcess) {
  ASSERT_OK(RecordDirectory::Open(folder_.path())->Write("one", "content"));
  auto files = RecordDirectory::Open(folder_.path());
  EXPECT_THAT(*files->Names(), ElementsAre("one"));
  EXPECT_EQ(*files->Read("one"), "content");
  ASSERT_OK(files->Remove("one"));
  EXPECT_OK(files->Remove("one"));
  EXPECT_THAT(files->Read("one"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RecordDirectoryTest, SetsAsideUnderAnotherName) {
  auto files = RecordDirectory::Open(folder_.path());
  ASSERT_OK(files->Write("one", "content"));
  ASSERT_OK(files->SetAside("one"));
  EXPECT_THAT(*files->Names(), ElementsAre("one.unreadable"));
}

TEST_F(RecordDirectoryTest, RemovesWhatACrashLeft) {
  ASSERT_OK(WriteFileAtomically(folder_.File(".tmp.a1B2c3"), "half"));
  ASSERT_OK(RecordDirectory::Open(folder_.path()));
  EXPECT_THAT(*ListDirectory(folder_.path()), IsEmpty());
}

}  // namespace
}  // namespace nvmeof::base
