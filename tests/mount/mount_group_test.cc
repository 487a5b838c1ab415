#include "mount/mount_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::StatusIs;

class MountGroupTest : public ::testing::Test {
 protected:
  MountGroupTest() {
    Folder("a");
    Folder("a/b");
    File("a/data", 0600);
    File("a/b/tool", 0700);
    // Without privilege only our own group can be given.
    group_ = ::geteuid() == 0 ? 4711 : ::getegid();
  }

  void Folder(const std::string& name) {
    ASSERT_EQ(::mkdir(tree_.File(name).c_str(), 0700), 0);
    ASSERT_EQ(::chmod(tree_.File(name).c_str(), 0700), 0);
  }
  void File(const std::string& name, mode_t mode) {
    const int fd = ::open(tree_.File(name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, mode);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(::fchmod(fd, mode), 0);
    ::close(fd);
  }
  struct stat Stat(const std::string& name) const {
    struct stat stat {};
    EXPECT_EQ(::lstat(tree_.File(name).c_str(), &stat), 0) << name;
    return stat;
  }
  mode_t Mode(const std::string& name) const { return Stat(name).st_mode & 07777; }
  absl::Status Apply() const { return ApplyMountGroup(tree_.path(), absl::StrCat(group_), call_); }

  testing::TemporaryDirectory tree_;
  testing::FakeClock clock_;
  base::Call call_{clock_, clock_.Now() + absl::Minutes(1)};
  gid_t group_ = 0;
};

TEST_F(MountGroupTest, GivesTheWholeTreeToTheGroup) {
  ASSERT_OK(Apply());
  for (const char* name : {"", "a", "a/data", "a/b", "a/b/tool"}) {
    EXPECT_EQ(Stat(name).st_gid, group_) << name;
  }
}

TEST_F(MountGroupTest, LetsTheGroupReadWriteAndEnter) {
  ASSERT_OK(Apply());
  EXPECT_EQ(Mode("a/data"), 0660u);
  EXPECT_EQ(Mode("a/b/tool"), 0770u);
  EXPECT_EQ(Mode("a/b"), 02770u);
  EXPECT_EQ(Mode(""), 02770u);
}

TEST_F(MountGroupTest, ARightRootEndsTheWork) {
  ASSERT_OK(Apply());
  File("late", 0600);
  ASSERT_OK(Apply());
  EXPECT_EQ(Mode("late"), 0600u);
}

TEST_F(MountGroupTest, TheRootIsChangedLast) {
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Mode(""), 0700u);
}

TEST_F(MountGroupTest, DoesNotFollowLinks) {
  const testing::TemporaryDirectory elsewhere;
  ASSERT_EQ(::symlink(elsewhere.path().c_str(), tree_.File("a/link").c_str()), 0);
  ASSERT_OK(Apply());
  EXPECT_EQ(Stat("a/link").st_gid, group_);
  struct stat stat {};
  ASSERT_EQ(::stat(elsewhere.path().c_str(), &stat), 0);
  EXPECT_EQ(stat.st_mode & 07777, 0700u);
}

TEST_F(MountGroupTest, DropsSetIdsOfFilesThatChangeTheirGroup) {
  ASSERT_EQ(::chmod(tree_.File("a/b/tool").c_str(), 06755), 0);
  ASSERT_OK(Apply());
  const mode_t kept = ::geteuid() == 0 ? 0u : 06000u;
  EXPECT_EQ(Mode("a/b/tool"), kept | 0775u);
}

TEST_F(MountGroupTest, ChangesPipesWithoutOpeningThem) {
  ASSERT_EQ(::mkfifo(tree_.File("a/pipe").c_str(), 0600), 0);
  ASSERT_OK(Apply());
  EXPECT_EQ(Mode("a/pipe"), 0660u);
}

TEST_F(MountGroupTest, RefusesWhatIsNoGroupId) {
  for (const char* group : {"", "staff", "-1", "4294967295", "4294967296", "1 2"}) {
    EXPECT_THAT(ApplyMountGroup(tree_.path(), group, call_),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << group;
  }
}

TEST_F(MountGroupTest, AnAbsentTreeIsNotFound) {
  EXPECT_THAT(ApplyMountGroup(tree_.File("absent"), "1", call_),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::mount
