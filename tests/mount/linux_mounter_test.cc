#include "mount/linux_mounter.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/unique_fd.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/mount/mount_namespace.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PathTest : public ::testing::Test {
 protected:
  std::string At(const std::string& name) const { return folder_.File(name); }

  testing::TemporaryDirectory folder_;
  LinuxMounter mounter_;
};

using LinuxMounterTest = PathTest;

TEST_F(LinuxMounterTest, TellsKindsOfPaths) {
  std::ofstream(At("file")) << "x";
  ASSERT_EQ(::symlink(folder_.path().c_str(), At("link").c_str()), 0);
  EXPECT_THAT(mounter_.Kind(folder_.path()), IsOkAndHolds(PathKind::kDirectory));
  EXPECT_THAT(mounter_.Kind(At("file")), IsOkAndHolds(PathKind::kFile));
  EXPECT_THAT(mounter_.Kind(At("link")), IsOkAndHolds(PathKind::kOther));
  EXPECT_THAT(mounter_.Kind("/dev/null"), IsOkAndHolds(PathKind::kOther));
  EXPECT_THAT(mounter_.Kind(At("absent")), IsOkAndHolds(PathKind::kAbsent));
}

TEST_F(LinuxMounterTest, MakesWhatAMountNeedsOnce) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_OK(mounter_.MakeDirectory(At("folder")));
    EXPECT_OK(mounter_.MakeFile(At("file")));
  }
  EXPECT_THAT(mounter_.Kind(At("folder")), IsOkAndHolds(PathKind::kDirectory));
  EXPECT_THAT(mounter_.Kind(At("file")), IsOkAndHolds(PathKind::kFile));
}

TEST_F(LinuxMounterTest, DoesNotTakeAnotherKindForItsOwn) {
  ASSERT_OK(mounter_.MakeDirectory(At("folder")));
  ASSERT_EQ(::symlink(At("folder").c_str(), At("link").c_str()), 0);
  EXPECT_THAT(mounter_.MakeFile(At("folder")), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(mounter_.MakeDirectory(At("link")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(LinuxMounterTest, NeedsTheParent) {
  EXPECT_THAT(mounter_.MakeDirectory(At("a/b")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(mounter_.MakeFile(At("a/b")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LinuxMounterTest, RemovesWhatItMade) {
  ASSERT_OK(mounter_.MakeDirectory(At("folder")));
  ASSERT_OK(mounter_.MakeFile(At("file")));
  for (const char* name : {"folder", "file", "absent"}) {
    EXPECT_OK(mounter_.Remove(At(name)));
    EXPECT_THAT(mounter_.Kind(At(name)), IsOkAndHolds(PathKind::kAbsent));
  }
}

TEST_F(LinuxMounterTest, RemovesNothingThatHoldsSomething) {
  ASSERT_OK(mounter_.MakeDirectory(At("folder")));
  ASSERT_OK(mounter_.MakeFile(At("folder/file")));
  std::ofstream(At("data")) << "x";
  ASSERT_EQ(::symlink("data", At("link").c_str()), 0);
  for (const char* name : {"folder", "data", "link"}) {
    EXPECT_THAT(mounter_.Remove(At(name)), StatusIs(absl::StatusCode::kFailedPrecondition)) << name;
  }
}

TEST_F(LinuxMounterTest, AFileLeadsToNoBlockDevice) {
  std::ofstream(At("file")) << "x";
  EXPECT_THAT(mounter_.BlockDevice(At("file")), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(mounter_.BlockDevice("/dev/null"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(mounter_.BlockDevice(At("absent")), IsOkAndHolds(std::nullopt));
}

TEST_F(LinuxMounterTest, ReadsTheTableOfThisMachine) {
  const absl::StatusOr<MountTable> table = mounter_.Table();
  ASSERT_OK(table);
  EXPECT_THAT(table->At("/proc"), ::testing::Not(IsEmpty()));
}

TEST_F(LinuxMounterTest, NothingToUnmountIsFine) { EXPECT_OK(mounter_.Unmount(At("absent"))); }

// Mounts for real, in a namespace of its own.
class LinuxMounterMountTest : public PathTest {
 protected:
  void SetUp() override {
    if (!testing::EnterMountNamespace().empty()) GTEST_SKIP() << testing::EnterMountNamespace();
    for (const char* name : {"a", "b"}) ASSERT_OK(mounter_.MakeDirectory(At(name)));
    for (const char* name : {"f", "g"}) ASSERT_OK(mounter_.MakeFile(At(name)));
  }
  void TearDown() override {
    for (const char* name : {"b", "b", "a", "a", "f", "g"}) {
      ::umount2(At(name).c_str(), MNT_DETACH);
    }
  }

  absl::Status MountMemory(std::vector<std::string> options = {},
                           Access access = Access::kReadWrite) const {
    return mounter_.Mount({"memory", At("a"), "tmpfs", std::move(options), access});
  }
  bool CanWrite(const std::string& name) const {
    return base::UniqueFd(::open(At(name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).ok();
  }
  MountPoint Top(const std::string& name) const { return mounter_.Table()->At(At(name)).back(); }

  mutable LinuxMounter mounter_;
};

TEST_F(LinuxMounterMountTest, MountsWithTheOptionsAskedFor) {
  ASSERT_OK(MountMemory({"noatime", "nodev", "size=1m"}));
  EXPECT_EQ(Top("a").fs_type, "tmpfs");
  EXPECT_EQ(Top("a").source, "memory");
  EXPECT_THAT(Top("a").options, ::testing::IsSupersetOf({"rw", "noatime", "nodev"}));
  EXPECT_THAT(Top("a").super_options, Contains("size=1024k"));
}

TEST_F(LinuxMounterMountTest, MountsReadOnly) {
  ASSERT_OK(MountMemory({"rw"}, Access::kReadOnly));
  EXPECT_TRUE(Top("a").read_only);
  EXPECT_THAT(Top("a").super_options, Contains("ro"));
  EXPECT_FALSE(CanWrite("a/file"));
}

TEST_F(LinuxMounterMountTest, TheKernelsWordsReachTheMessage) {
  EXPECT_THAT(MountMemory({"nonsense=1"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Unknown parameter")));
  EXPECT_THAT(mounter_.Table()->At(At("a")), IsEmpty());
}

TEST_F(LinuxMounterMountTest, SaysThatTheKernelLacksAFileSystem) {
  EXPECT_THAT(mounter_.Mount({"x", At("a"), "nosuchfs", {}, Access::kReadWrite}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nosuchfs")));
}

TEST_F(LinuxMounterMountTest, ATargetThatIsALinkIsRefused) {
  ASSERT_EQ(::symlink(At("a").c_str(), At("link").c_str()), 0);
  EXPECT_FALSE(mounter_.Mount({"x", At("link"), "tmpfs", {}, Access::kReadWrite}).ok());
  EXPECT_THAT(mounter_.Table()->At(At("a")), IsEmpty());
}

TEST_F(LinuxMounterMountTest, ABindMountShowsTheSameFiles) {
  ASSERT_OK(MountMemory());
  ASSERT_OK(mounter_.BindMount(At("a"), At("b"), Access::kReadWrite));
  EXPECT_TRUE(CanWrite("b/file"));
  EXPECT_THAT(mounter_.Kind(At("a/file")), IsOkAndHolds(PathKind::kFile));
  EXPECT_EQ(Top("b").device, Top("a").device);
}

TEST_F(LinuxMounterMountTest, AReadOnlyBindMountLeavesItsSourceWritable) {
  ASSERT_OK(MountMemory());
  ASSERT_OK(mounter_.BindMount(At("a"), At("b"), Access::kReadOnly));
  EXPECT_FALSE(CanWrite("b/file"));
  EXPECT_EQ(errno, EROFS);
  EXPECT_TRUE(CanWrite("a/file"));
  EXPECT_TRUE(Top("b").read_only);
}

TEST_F(LinuxMounterMountTest, BindsAFileToAFile) {
  std::ofstream(At("g")) << "content";
  ASSERT_OK(mounter_.BindMount(At("g"), At("f"), Access::kReadWrite));
  EXPECT_THAT(mounter_.Table()->At(At("f")), SizeIs(1));
}

TEST_F(LinuxMounterMountTest, ABindMountOfALinkOrOfNothingIsRefused) {
  ASSERT_EQ(::symlink(At("a").c_str(), At("link").c_str()), 0);
  EXPECT_FALSE(mounter_.BindMount(At("link"), At("b"), Access::kReadWrite).ok());
  EXPECT_THAT(mounter_.BindMount(At("absent"), At("b"), Access::kReadWrite),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(mounter_.Table()->At(At("b")), IsEmpty());
}

TEST_F(LinuxMounterMountTest, UnmountsOneLayerAtATime) {
  ASSERT_OK(MountMemory({"size=1m"}));
  ASSERT_OK(MountMemory({"size=2m"}));
  ASSERT_OK(mounter_.Unmount(At("a")));
  EXPECT_THAT(Top("a").super_options, Contains("size=1024k"));
  ASSERT_OK(mounter_.Unmount(At("a")));
  EXPECT_OK(mounter_.Unmount(At("a")));
  EXPECT_THAT(mounter_.Table()->At(At("a")), IsEmpty());
}

TEST_F(LinuxMounterMountTest, ABusyMountStays) {
  ASSERT_OK(MountMemory());
  const base::UniqueFd user(::open(At("a").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_THAT(mounter_.Unmount(At("a")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(absl::StrCat("(pid ", ::getpid(), ")"))));
  EXPECT_THAT(mounter_.Table()->At(At("a")), SizeIs(1));
}

// The procfs made by hand shows no holder, and tells when the mounter looks for one.
TEST_F(LinuxMounterMountTest, AMountThatWasBusyForAnInstantIsUnmounted) {
  ASSERT_OK(MountMemory());
  base::UniqueFd look(::open(At("a").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(look.ok());
  const testing::TemporaryDirectory proc;
  ASSERT_EQ(::mkdir(proc.File("self").c_str(), 0700), 0);
  const std::string mountinfo = proc.File("self/mountinfo");
  ASSERT_EQ(::mkfifo(mountinfo.c_str(), 0600), 0);
  std::thread looker([&] {
    const base::UniqueFd asked(::open(mountinfo.c_str(), O_WRONLY | O_CLOEXEC));
    look = base::UniqueFd();
  });
  EXPECT_OK(LinuxMounter(proc.path()).Unmount(At("a")));
  looker.join();
  EXPECT_THAT(mounter_.Table()->At(At("a")), IsEmpty());
}

TEST_F(LinuxMounterMountTest, ABusyMountGoesWhereThatIsAskedFor) {
  ASSERT_OK(MountMemory());
  const base::UniqueFd user(::open(At("a").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_OK(mounter_.UnmountLazily(At("a")));
  EXPECT_THAT(mounter_.Table()->At(At("a")), IsEmpty());
  EXPECT_OK(mounter_.UnmountLazily(At("a")));
  EXPECT_OK(mounter_.UnmountLazily(At("absent")));
}

TEST_F(LinuxMounterMountTest, AMountUnderAMountIsNamed) {
  ASSERT_OK(MountMemory());
  ASSERT_OK(mounter_.MakeDirectory(At("a/sub")));
  ASSERT_OK(mounter_.BindMount(At("b"), At("a/sub"), Access::kReadWrite));
  EXPECT_THAT(mounter_.Unmount(At("a")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(At("a/sub"))));
  ASSERT_OK(mounter_.Unmount(At("a/sub")));
}

// A child with a mount namespace of its own, cloned from ours.
class Clone {
 public:
  Clone() {
    int ready[2] = {-1, -1};
    if (::pipe2(ready, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      if (::unshare(CLONE_NEWNS) != 0) ::_exit(1);
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      while (true) ::pause();
    }
    const base::UniqueFd read_end(ready[0]);
    ::close(ready[1]);
    char byte = 0;
    ok_ = ::read(read_end.get(), &byte, 1) == 1;
  }
  Clone(const Clone&) = delete;
  Clone& operator=(const Clone&) = delete;
  ~Clone() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  bool ok() const { return ok_; }

 private:
  pid_t pid_ = -1;
  bool ok_ = false;
};

// The copy is private, so our unmount leaves it there.
TEST_F(LinuxMounterMountTest, AMountInAnotherNamespaceIsAUse) {
  ASSERT_OK(MountMemory());
  const Device device{"/dev/nvme0n1", Top("a").device};
  const Clone clone;
  ASSERT_TRUE(clone.ok());
  ASSERT_OK(mounter_.Unmount(At("a")));
  const absl::StatusOr<std::vector<DeviceUse>> uses = mounter_.UsesOf(device);
  ASSERT_OK(uses);
  ASSERT_THAT(*uses, SizeIs(1));
  EXPECT_EQ(uses->front().path, At("a"));
  EXPECT_EQ(uses->front().process.pid, clone.pid());
}

// Shared, so the unmount would take the copy along and is refused for its sake.
TEST_F(LinuxMounterMountTest, WhoHoldsACopyOfASharedMountIsNamed) {
  ASSERT_OK(MountMemory());
  ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_SHARED, nullptr), 0);
  ASSERT_EQ(::chdir(At("a").c_str()), 0);
  {
    const Clone clone;
    ASSERT_EQ(::chdir("/"), 0);
    ASSERT_TRUE(clone.ok());
    EXPECT_THAT(mounter_.Unmount(At("a")),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr(absl::StrCat("(pid ", clone.pid(), ")"))));
  }
  EXPECT_OK(mounter_.Unmount(At("a")));
  ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
}

TEST_F(LinuxMounterMountTest, UnmountDoesNotFollowALink) {
  ASSERT_OK(MountMemory());
  ASSERT_EQ(::symlink(At("a").c_str(), At("link").c_str()), 0);
  EXPECT_OK(mounter_.Unmount(At("link")));
  EXPECT_THAT(mounter_.Table()->At(At("a")), SizeIs(1));
}

TEST_F(LinuxMounterMountTest, AMountPointIsNotRemoved) {
  ASSERT_OK(MountMemory());
  ASSERT_OK(mounter_.BindMount(At("g"), At("f"), Access::kReadWrite));
  EXPECT_THAT(mounter_.Remove(At("a")), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(mounter_.Remove(At("f")), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(mounter_.Table()->At(At("a")), SizeIs(1));
}

}  // namespace
}  // namespace nvmeof::mount
