#include "mount/users.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Kind = DeviceUse::Kind;

const Device kUsed{"/dev/nvme0n1", {259, 1}};
constexpr int kOwn = 500;
constexpr char kOwnSpace[] = "mnt:[1]";
constexpr char kRoot[] = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n";
constexpr char kStaging[] = "30 1 259:1 / /staging rw shared:7 - ext4 /dev/nvme0n1 rw\n";

// A procfs made by hand.
class UsersTest : public ::testing::Test {
 protected:
  UsersTest() {
    std::filesystem::create_symlink(absl::StrCat(kOwn), proc_.File("self"));
    AddProcess(kOwn, "nvmeof-csi", kOwnSpace, kRoot);
  }

  void AddProcess(int pid, const std::string& program, const std::string& space,
                  const std::string& mountinfo) {
    for (const char* folder : {"ns", "fd", "fdinfo"}) {
      std::filesystem::create_directories(PathOf(pid, folder));
    }
    Write(pid, "comm", program + "\n");
    Write(pid, "mountinfo", mountinfo);
    Link(pid, "ns/mnt", space);
    Link(pid, "root", "/");
    Link(pid, "cwd", "/");
  }
  void Write(int pid, const std::string& name, const std::string& text) {
    std::ofstream(PathOf(pid, name), std::ios::trunc) << text;
  }
  void Link(int pid, const std::string& name, const std::string& text) {
    std::filesystem::remove(PathOf(pid, name));
    std::filesystem::create_symlink(text, PathOf(pid, name));
  }
  void Open(int pid, int fd, const std::string& path, int mount_id) {
    Link(pid, absl::StrCat("fd/", fd), path);
    Write(pid, absl::StrCat("fdinfo/", fd),
          absl::StrCat("pos:\t0\nflags:\t0100002\nmnt_id:\t", mount_id, "\nino:\t12\n"));
  }
  std::string PathOf(int pid, const std::string& name) const {
    return proc_.File(absl::StrCat(pid, "/", name));
  }

  testing::TemporaryDirectory proc_;
  const Users users_{proc_.path()};
};

TEST_F(UsersTest, AnUnusedDisk) {
  AddProcess(20, "bash", kOwnSpace, kRoot);
  AddProcess(21, "postgres", "mnt:[2]", kRoot);
  EXPECT_THAT(users_.UsesOf(kUsed), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(users_.OpenersOf(kUsed), IsOkAndHolds(IsEmpty()));
}

TEST_F(UsersTest, FindsMountsInAllNamespacesOursFirst) {
  Write(kOwn, "mountinfo", absl::StrCat(kRoot, kStaging));
  AddProcess(21, "postgres", "mnt:[2]",
             absl::StrCat(kRoot, "90 1 259:1 / /data rw - ext4 /dev/nvme0n1 rw\n"));
  EXPECT_THAT(users_.UsesOf(kUsed),
              IsOkAndHolds(ElementsAre(DeviceUse{Kind::kMount, "/staging", {}},
                                       DeviceUse{Kind::kMount, "/data", {21, "postgres"}})));
}

// A service's clone of our namespace receives our unmounts; a container's private copy does not.
TEST_F(UsersTest, BeyondAPathAreNeitherItsMountNorTheCopiesThatEndWithIt) {
  Write(kOwn, "mountinfo", absl::StrCat(kRoot, kStaging));
  AddProcess(20, "udevd", "mnt:[2]",
             absl::StrCat(kRoot, "80 1 259:1 / /staging rw master:7 - ext4 /dev/nvme0n1 rw\n"));
  AddProcess(21, "postgres", "mnt:[3]",
             absl::StrCat(kRoot, "90 1 259:1 / /data rw - ext4 /dev/nvme0n1 rw\n"));
  EXPECT_THAT(users_.UsesBeyond(kUsed, {"/staging"}),
              IsOkAndHolds(ElementsAre(DeviceUse{Kind::kMount, "/data", {21, "postgres"}})));
  EXPECT_EQ(users_.UsesBeyond(kUsed, {"/elsewhere"})->size(), 3U);
}

TEST_F(UsersTest, ReadsEachNamespaceOnceByItsOldestProcess) {
  for (const int pid : {9, 10, 101}) {
    AddProcess(pid, absl::StrCat("p", pid), "mnt:[2]", absl::StrCat(kRoot, kStaging));
  }
  EXPECT_THAT(users_.UsesOf(kUsed),
              IsOkAndHolds(ElementsAre(DeviceUse{Kind::kMount, "/staging", {9, "p9"}})));
}

TEST_F(UsersTest, FindsAPublishedNodeAndSwap) {
  Write(kOwn, "mountinfo",
        absl::StrCat(kRoot, "31 1 0:6 /nvme0n1 /pods/dev rw - devtmpfs udev rw\n"));
  std::ofstream(proc_.File("swaps")) << "Filename Type\n/dev/nvme0n1 partition 1 0 -2\n";
  EXPECT_THAT(users_.UsesOf(kUsed),
              IsOkAndHolds(ElementsAre(DeviceUse{Kind::kPublishedBlock, "/pods/dev", {}},
                                       DeviceUse{Kind::kSwap, "/dev/nvme0n1", {}})));
}

// It died after its namespace was read; the next one of the namespace speaks for it.
TEST_F(UsersTest, LeavesOutWhoVanishes) {
  AddProcess(20, "dying", "mnt:[2]", "");
  AddProcess(21, "living", "mnt:[2]", absl::StrCat(kRoot, kStaging));
  AddProcess(22, "hidden", "mnt:[3]", absl::StrCat(kRoot, kStaging));
  std::filesystem::remove_all(PathOf(22, "ns"));
  EXPECT_THAT(users_.UsesOf(kUsed),
              IsOkAndHolds(ElementsAre(DeviceUse{Kind::kMount, "/staging", {21, "living"}})));
}

TEST_F(UsersTest, NeverSaysUnusedWithoutALook) {
  std::filesystem::remove(PathOf(kOwn, "mountinfo"));
  EXPECT_THAT(users_.UsesOf(kUsed), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Users("/absent").UsesOf(kUsed), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(UsersTest, FindsOpenersOnceEachAndNotUs) {
  Open(kOwn, 3, "/dev/nvme0n1", 2);
  AddProcess(20, "dd", kOwnSpace, kRoot);
  Open(20, 3, "/dev/nvme0n1", 2);
  Open(20, 4, "/dev/nvme0n1", 2);
  AddProcess(21, "mysqld", "mnt:[2]", kRoot);
  Open(21, 5, "/dev/nvme0n1 (deleted)", 2);
  AddProcess(22, "other", kOwnSpace, kRoot);
  Open(22, 5, "/dev/nvme0n12", 2);
  EXPECT_THAT(
      users_.OpenersOf(kUsed),
      IsOkAndHolds(ElementsAre(DeviceUse{Kind::kOpen, "/dev/nvme0n1", {20, "dd"}},
                               DeviceUse{Kind::kOpen, "/dev/nvme0n1 (deleted)", {21, "mysqld"}})));
}

// What keeps a mount busy.
class HoldersTest : public UsersTest {
 protected:
  HoldersTest() { Write(kOwn, "mountinfo", absl::StrCat(kRoot, kStaging)); }
};

TEST_F(HoldersTest, NobodyHoldsIt) {
  AddProcess(20, "bash", kOwnSpace, kRoot);
  Open(20, 3, "/staging/file", 1);  // below the mount: opened before it came
  Link(20, "cwd", "/staging2");
  EXPECT_THAT(users_.HoldersOf("/staging"), IsEmpty());
  EXPECT_THAT(users_.HoldersOf("/absent"), IsEmpty());
}

TEST_F(HoldersTest, NamesFilesFoldersRootsAndPrograms) {
  for (const int pid : {20, 21, 22, 23}) AddProcess(pid, absl::StrCat("p", pid), kOwnSpace, kRoot);
  Open(20, 3, "/somewhere", 30);
  Link(21, "cwd", "/staging");
  Link(22, "root", "/staging/jail");
  Link(23, "exe", "/staging/bin/tool");
  EXPECT_THAT(users_.HoldersOf("/staging"),
              ElementsAre("p20 (pid 20)", "p21 (pid 21)", "p22 (pid 22)", "p23 (pid 23)"));
}

TEST_F(HoldersTest, NamesMountsOnTop) {
  Write(kOwn, "mountinfo",
        absl::StrCat(kRoot, kStaging, "31 30 0:40 / /staging/sub rw - tmpfs memory rw\n"));
  EXPECT_THAT(users_.HoldersOf("/staging"), ElementsAre("the mount of memory at /staging/sub"));
}

TEST_F(HoldersTest, TheTopmostLayerIsMeant) {
  Write(kOwn, "mountinfo",
        absl::StrCat(kRoot, kStaging, "31 30 259:2 / /staging rw - ext4 /dev/nvme0n2 rw\n"));
  AddProcess(20, "lower", kOwnSpace, kRoot);
  Open(20, 3, "/staging/file", 30);
  AddProcess(21, "upper", kOwnSpace, kRoot);
  Open(21, 3, "/staging/file", 31);
  EXPECT_THAT(users_.HoldersOf("/staging"), ElementsAre("upper (pid 21)"));
}

// The kernel unmounts a mount together with its copies, or not at all.
TEST_F(HoldersTest, NamesWhoHoldsACopyThatGoesAlong) {
  AddProcess(20, "peer", "mnt:[2]", "90 1 259:1 / /host/staging rw shared:7 - ext4 x rw\n");
  Link(20, "cwd", "/host/staging/a");
  AddProcess(21, "slave", "mnt:[3]", "91 1 259:1 / /staging rw master:7 - ext4 x rw\n");
  Open(21, 3, "/staging/file", 91);
  AddProcess(22, "private", "mnt:[4]", "92 1 259:1 / /staging rw - ext4 x rw\n");
  Open(22, 3, "/staging/file", 92);
  EXPECT_THAT(users_.HoldersOf("/staging"), ElementsAre("peer (pid 20)", "slave (pid 21)"));
}

}  // namespace
}  // namespace nvmeof::mount
