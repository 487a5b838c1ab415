// What mount/ does with real disks and real mounts.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/device_number.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "mount/linux_file_systems.h"
#include "mount/linux_mounter.h"
#include "mount/usage.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/loop_disk.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

using base::kMiB;
using mount::Access;
using mount::Content;
using mount::Device;
using mount::MountPoint;
using mount::PathKind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileSystemsTest : public ::testing::Test {
 protected:
  FileSystemsTest() { std::filesystem::create_directory(staging_); }
  ~FileSystemsTest() override {
    while (!mounter_.Table()->At(staging_).empty()) {
      if (!mounter_.Unmount(staging_).ok()) break;
    }
  }

  absl::Time Soon() const { return clock_.Now() + absl::Minutes(2); }
  absl::Status Format(const Device& device, const std::string& fs_type) {
    return file_systems_.Format(device, {fs_type}, Soon());
  }
  absl::Status Mount(const Device& device, const std::string& fs_type,
                     std::vector<std::string> options = {}, Access access = Access::kReadWrite) {
    return mounter_.Mount({device.path, staging_, fs_type, std::move(options), access});
  }
  MountPoint Top() const { return mounter_.Table()->At(staging_).back(); }

  const base::MonotonicClock clock_;
  base::PosixCommandRunner runner_{clock_};
  mount::LinuxFileSystems file_systems_{runner_};
  FakeCommandRunner no_programs_;
  mount::LinuxFileSystems without_programs_{no_programs_};
  mount::LinuxMounter mounter_;
  TemporaryDirectory folder_;
  std::string staging_ = folder_.File("staging");
};

class EachFileSystem : public FileSystemsTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void FormatAndMount(const std::vector<std::string>& options = {}) {
    ASSERT_OK(Format(disk_.device(), GetParam()));
    ASSERT_OK(Mount(disk_.device(), GetParam(), options));
  }
  absl::StatusOr<bool> NeedsGrowth() {
    return file_systems_.NeedsGrowth(disk_.device(), GetParam(), staging_);
  }

  LoopDisk disk_{400 * kMiB};
};

INSTANTIATE_TEST_SUITE_P(, EachFileSystem, ::testing::Values("ext4", "xfs"),
                         [](const auto& instance) { return instance.param; });

TEST_P(EachFileSystem, IsMadeOnABlankDiskAndHoldsData) {
  ASSERT_EQ(file_systems_.Probe(disk_.device())->content, Content::kBlank);
  FormatAndMount({"noatime", "nodev"});
  EXPECT_EQ(Top().device, disk_.device().number);
  EXPECT_THAT(Top().options, ::testing::IsSupersetOf({"noatime", "nodev"}));
  EXPECT_THAT(Top().super_options, ::testing::Not(Contains("discard")));
  std::ofstream(absl::StrCat(staging_, "/file")) << "data";
  ASSERT_OK(mounter_.Unmount(staging_));

  EXPECT_EQ(file_systems_.Probe(disk_.device())->type, GetParam());
  EXPECT_OK(without_programs_.Check(disk_.device(), GetParam(), Soon()));
  ASSERT_OK(Mount(disk_.device(), GetParam()));
  EXPECT_EQ(std::filesystem::file_size(absl::StrCat(staging_, "/file")), 4u);
}

TEST_P(EachFileSystem, GrowsOnlineWithoutAProgram) {
  FormatAndMount();
  EXPECT_THAT(NeedsGrowth(), IsOkAndHolds(false));
  disk_.Grow(1000 * kMiB);
  EXPECT_THAT(NeedsGrowth(), IsOkAndHolds(true));
  for (int i = 0; i < 2; ++i) {
    EXPECT_OK(without_programs_.Grow(disk_.device(), GetParam(), staging_, Soon()));
  }
  EXPECT_THAT(NeedsGrowth(), IsOkAndHolds(false));
  EXPECT_GT(mount::ReadUsage(staging_)->total_bytes, 900 * kMiB);
}

TEST_P(EachFileSystem, GrowsByARestThatIsTooSmallToUse) {
  FormatAndMount();
  for (const std::int64_t size : {1000 * kMiB + 4096, 1024 * kMiB + 65536, 1025 * kMiB}) {
    disk_.Grow(size);
    EXPECT_OK(file_systems_.Grow(disk_.device(), GetParam(), staging_, Soon())) << size;
    EXPECT_THAT(NeedsGrowth(), IsOkAndHolds(false)) << size;
  }
}

TEST_P(EachFileSystem, DoesNotGrowReadOnly) {
  ASSERT_OK(Format(disk_.device(), GetParam()));
  ASSERT_OK(Mount(disk_.device(), GetParam(), {}, Access::kReadOnly));
  disk_.Grow(1000 * kMiB);
  EXPECT_THAT(file_systems_.Grow(disk_.device(), GetParam(), staging_, Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(EachFileSystem, IsNeverFormattedAgainAlsoWhenMounted) {
  FormatAndMount();
  EXPECT_THAT(Format(disk_.device(), GetParam()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam())));
}

TEST_P(EachFileSystem, RefusesAnOptionInItsOwnWords) {
  ASSERT_OK(Format(disk_.device(), GetParam()));
  EXPECT_THAT(Mount(disk_.device(), GetParam(), {"nonsense"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Unknown parameter")));
}

TEST_P(EachFileSystem, IsNotMountedForWritingFromAReadOnlyDisk) {
  ASSERT_OK(Format(disk_.device(), GetParam()));
  ASSERT_OK(file_systems_.SetReadOnly(disk_.device(), true));
  EXPECT_FALSE(Mount(disk_.device(), GetParam()).ok());
  EXPECT_OK(Mount(disk_.device(), GetParam(), {}, Access::kReadOnly));
  ASSERT_OK(mounter_.Unmount(staging_));
  ASSERT_OK(file_systems_.SetReadOnly(disk_.device(), false));
  EXPECT_OK(Mount(disk_.device(), GetParam()));
}

TEST_P(EachFileSystem, AnotherMountIsNotGrown) {
  FormatAndMount();
  const LoopDisk other(400 * kMiB);
  EXPECT_THAT(file_systems_.Grow(other.device(), GetParam(), staging_, Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileSystemsTest, XfsTellsThatItsUuidIsMountedAlready) {
  const LoopDisk disk(400 * kMiB);
  ASSERT_OK(Format(disk.device(), "xfs"));
  const LoopDisk copy(&disk);
  ASSERT_OK(Mount(disk.device(), "xfs"));
  EXPECT_THAT(Mount(copy.device(), "xfs"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("duplicate UUID")));
}

TEST_F(FileSystemsTest, AnExt4WithErrorsIsMended) {
  const LoopDisk disk(400 * kMiB);
  ASSERT_OK(Format(disk.device(), "ext4"));
  ASSERT_OK(RunTool({"debugfs", "-w", "-R", "set_super_value state 2", disk.device().path}));
  EXPECT_OK(file_systems_.Check(disk.device(), "ext4", Soon()));
  EXPECT_OK(without_programs_.Check(disk.device(), "ext4", Soon()));
}

TEST_F(FileSystemsTest, ABlankDiskThatSomebodyUsesIsNotFormatted) {
  const LoopDisk disk(400 * kMiB);
  const base::UniqueFd user(::open(disk.device().path.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
  EXPECT_THAT(Format(disk.device(), "ext4"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use")));
}

TEST_F(FileSystemsTest, AFormatThatIsKilledIsBegunAgain) {
  for (const char* fs_type : {"ext4", "xfs"}) {
    const LoopDisk disk(4096 * kMiB);
    const absl::Status killed =
        file_systems_.Format(disk.device(), {fs_type}, clock_.Now() + absl::Milliseconds(3));
    EXPECT_THAT(killed, ::testing::AnyOf(IsOk(), StatusIs(absl::StatusCode::kDeadlineExceeded)));
    EXPECT_OK(killed.ok() ? killed : Format(disk.device(), fs_type));
    EXPECT_OK(Mount(disk.device(), fs_type));
    EXPECT_OK(mounter_.Unmount(staging_));
  }
}

TEST_F(FileSystemsTest, AnotherDiskUnderTheNameIsRefused) {
  const LoopDisk disk(400 * kMiB);
  Device moved = disk.device();
  moved.number = {259, 4711};
  EXPECT_THAT(Format(moved, "ext4"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(file_systems_.Probe(disk.device())->content, Content::kBlank);
}

TEST_F(FileSystemsTest, ADeviceNodeIsBoundToAFile) {
  const LoopDisk disk(400 * kMiB);
  const std::string target = folder_.File("device");
  ASSERT_OK(mounter_.MakeFile(target));
  ASSERT_OK(mounter_.BindMount(disk.device().path, target, Access::kReadWrite));
  EXPECT_THAT(mounter_.BlockDevice(target), IsOkAndHolds(disk.device().number));
  EXPECT_EQ(mounter_.Table()->At(target).back().fs_type, "devtmpfs");
  EXPECT_FALSE(mounter_.Remove(target).ok());
  ASSERT_OK(mounter_.Unmount(target));
  EXPECT_OK(mounter_.Remove(target));
}

TEST_F(FileSystemsTest, ADiskThatCannotBeReadIsNeitherBlankNorFormatted) {
  const std::string tables[] = {"0 819200 error", "0 8192 zero\n8192 811008 error",
                                "0 819000 zero\n819000 200 error"};
  for (const std::string& table : tables) {
    ASSERT_OK(RunTool({"dmsetup", "create", "unreadable", "--table", table}));
    const std::string path = std::filesystem::canonical("/dev/mapper/unreadable");
    const Device device{path, mounter_.BlockDevice(path)->value()};
    EXPECT_FALSE(file_systems_.Probe(device).ok()) << table;
    EXPECT_FALSE(Format(device, "ext4").ok()) << table;
    ASSERT_OK(RunTool({"dmsetup", "remove", "--retry", "unreadable"}));
  }
}

// As when the kernel gave up on every path: the disk vanishes under the mount.
TEST_P(EachFileSystem, CanBeTakenAwayWhenItsDiskIsGone) {
  const std::filesystem::path null_block = "/sys/kernel/config/nullb/gone";
  ASSERT_OK(RunTool({"modprobe", "null_blk", "nr_devices=0"}));
  std::filesystem::create_directory(null_block);
  const auto set = [&](const char* name, const char* value) {
    std::ofstream(null_block / name) << value;
  };
  set("memory_backed", "1");
  set("size", "400");
  set("power", "1");
  const std::string path = std::filesystem::exists("/dev/gone") ? "/dev/gone" : "/dev/nullb0";
  const Device device{path, mounter_.BlockDevice(path)->value()};
  const std::string node = folder_.File("node");
  ASSERT_OK(Format(device, GetParam()));
  ASSERT_OK(Mount(device, GetParam()));
  ASSERT_OK(mounter_.MakeFile(node));
  ASSERT_OK(mounter_.BindMount(path, node, Access::kReadWrite));
  set("power", "0");

  EXPECT_THAT(mounter_.Kind(staging_), IsOkAndHolds(PathKind::kDirectory));
  EXPECT_OK(mounter_.MakeDirectory(staging_));
  EXPECT_EQ(Top().device, device.number);
  EXPECT_TRUE(mounter_.Table()->At(node).back().root_deleted);
  EXPECT_THAT(mounter_.BlockDevice(node), IsOkAndHolds(device.number));
  for (const std::string& mounted : {staging_, node}) EXPECT_OK(mounter_.Unmount(mounted));
  EXPECT_THAT(mounter_.Table()->Of(device.number), IsEmpty());
  std::filesystem::remove(null_block);
}

}  // namespace
}  // namespace nvmeof::testing
