#include "mount/linux_file_systems.h"

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "base/command.h"
#include "mount/format_mark.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/mount/disk_image.h"
#include "tests/mount/known_contents.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::DiskImage;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::kMiB;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The real programs over image files.
class LinuxFileSystemsTest : public ::testing::Test {
 protected:
  LinuxFileSystemsTest() {
    // Plain users do not have the tools in their PATH.
    const char* const path = std::getenv("PATH");
    ::setenv("PATH", absl::StrCat(path == nullptr ? "" : path, ":/usr/sbin:/sbin").c_str(), 1);
  }

  absl::Time Soon() const { return clock_.Now() + absl::Minutes(1); }
  absl::StatusOr<ProbeResult> Probe() { return real_.Probe(disk_.device()); }
  absl::Status Format(const std::string& fs_type) {
    return real_.Format(disk_.device(), {fs_type}, Soon());
  }

  const base::MonotonicClock clock_;
  base::PosixCommandRunner runner_{clock_};
  LinuxFileSystems real_{runner_, DeviceCheck::kAnyFile};
  testing::FakeCommandRunner fake_runner_;
  LinuxFileSystems faked_{fake_runner_, DeviceCheck::kAnyFile};
  DiskImage disk_;
};

MATCHER_P2(Holds, content, type, "") {
  return ::testing::ExplainMatchResult(
      AllOf(Field(&ProbeResult::content, content), Field(&ProbeResult::type, HasSubstr(type))), arg,
      result_listener);
}

TEST_F(LinuxFileSystemsTest, ABlankDiskIsBlank) {
  EXPECT_THAT(Probe(), IsOkAndHolds(Holds(Content::kBlank, "")));
}

TEST_F(LinuxFileSystemsTest, NamesWhatFileSystemToolsMade) {
  for (const char* fs_type : {"ext4", "ext3", "ext2", "xfs"}) {
    const DiskImage disk;
    disk.Run({absl::StrCat("mkfs.", fs_type), "-q"});
    EXPECT_THAT(real_.Probe(disk.device()), IsOkAndHolds(Holds(Content::kFileSystem, fs_type)));
  }
}

TEST_F(LinuxFileSystemsTest, NamesWhatIsNotAFileSystem) {
  for (const testing::KnownContent& known : testing::KnownContents(disk_.size())) {
    const DiskImage disk;
    for (const auto& [offset, bytes] : known.bytes) disk.Write(offset, bytes);
    EXPECT_THAT(real_.Probe(disk.device()), IsOkAndHolds(Holds(Content::kForeign, known.name)));
  }
}

TEST_F(LinuxFileSystemsTest, SeveralSignaturesAreForeign) {
  disk_.Run({"mkfs.ext4", "-q"});
  for (const auto& [offset, bytes] : testing::Gpt(disk_.size()).bytes) {
    if (offset > 0) disk_.Write(offset, bytes);
  }
  disk_.Write(0, testing::Luks().bytes.front().second);
  EXPECT_THAT(Probe(), IsOkAndHolds(Holds(Content::kForeign, "")));
}

TEST_F(LinuxFileSystemsTest, BytesWithoutASignatureAreUnknown) {
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{4097}, kMiB + 7, disk_.size() - 1}) {
    const DiskImage disk;
    disk.Write(offset, "Z");
    EXPECT_THAT(real_.Probe(disk.device()),
                IsOkAndHolds(Holds(Content::kUnknown, absl::StrCat(" ", offset, " "))));
  }
}

TEST_F(LinuxFileSystemsTest, WhatCannotBeReadIsAnError) {
  const testing::TemporaryDirectory unreadable;
  EXPECT_FALSE(real_.Probe({unreadable.path(), {259, 1}}).ok());
}

TEST_F(LinuxFileSystemsTest, AnotherDeviceUnderTheNameIsRefusedByEveryCall) {
  LinuxFileSystems strict(runner_);
  const Device device = disk_.device();
  const absl::Status answers[] = {strict.Probe(device).status(),
                                  strict.Format(device, {"ext4"}, Soon()),
                                  strict.Check(device, "ext4", Soon()),
                                  strict.Grow(device, "ext4", "/", Soon()),
                                  strict.NeedsGrowth(device, "ext4", "/").status(),
                                  strict.SetReadOnly(device, true),
                                  strict.Hold(device).status()};
  for (const absl::Status& answer : answers) {
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kFailedPrecondition));
  }
}

TEST_F(LinuxFileSystemsTest, AHoldKeepsTheDeviceOpenWhileItLives) {
  const auto descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = descriptors();
  {
    const auto hold = real_.Hold(disk_.device());
    ASSERT_OK(hold);
    EXPECT_EQ(descriptors(), before + 1);
  }
  EXPECT_EQ(descriptors(), before);
}

TEST_F(LinuxFileSystemsTest, FormatsABlankDisk) {
  for (const char* fs_type : {"ext4", "xfs"}) {
    const DiskImage disk;
    ASSERT_OK(real_.Format(disk.device(), {fs_type}, Soon()));
    EXPECT_THAT(real_.Probe(disk.device()), IsOkAndHolds(Holds(Content::kFileSystem, fs_type)));
    EXPECT_THAT(HasFormatMark(disk.Open()), IsOkAndHolds(false));
  }
}

TEST_F(LinuxFileSystemsTest, FormatsNothingThatIsNotBlank) {
  disk_.Write(200 * kMiB, "in the middle");
  disk_.Write(disk_.size() - 5, "x");
  EXPECT_THAT(faked_.Format(disk_.device(), {"ext4"}, Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(fake_runner_.Lines(), IsEmpty());
}

TEST_F(LinuxFileSystemsTest, ASecondFormatIsRefused) {
  ASSERT_OK(Format("ext4"));
  EXPECT_THAT(Format("ext4"), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ext4")));
  EXPECT_THAT(Format("xfs"), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ext4")));
}

TEST_F(LinuxFileSystemsTest, SaysHowLargeADiskMustBe) {
  const DiskImage small(299 * kMiB);
  EXPECT_THAT(real_.Format(small.device(), {"xfs"}, Soon()),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("at least 314572800")));
  EXPECT_THAT(real_.Format(DiskImage(15 * kMiB).device(), {"ext4"}, Soon()),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(LinuxFileSystemsTest, TheLeastSizeIsEnough) {
  EXPECT_OK(real_.Format(DiskImage(300 * kMiB).device(), {"xfs"}, Soon()));
  EXPECT_OK(real_.Format(DiskImage(16 * kMiB).device(), {"ext4"}, Soon()));
}

TEST_F(LinuxFileSystemsTest, KnowsTwoFileSystems) {
  EXPECT_THAT(Format("btrfs"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(real_.Check(disk_.device(), "", Soon()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(LinuxFileSystemsTest, MakesNothingByForceAndDiscardsNothing) {
  fake_runner_.Answer("mkfs.ext4");
  fake_runner_.Answer("mkfs.xfs");
  for (const char* fs_type : {"ext4", "xfs"}) {
    const DiskImage disk;
    EXPECT_THAT(faked_.Format(disk.device(), {fs_type}, Soon()),
                StatusIs(absl::StatusCode::kInternal));
  }
  const auto forces = ::testing::AnyOf(HasSubstr(" -F"), HasSubstr(" -f"));
  EXPECT_THAT(fake_runner_.Lines(),
              ElementsAre(AllOf(HasSubstr("-E nodiscard"), ::testing::Not(forces)),
                          AllOf(HasSubstr(" -K "), ::testing::Not(forces))));
}

// A mkfs that dies after it wrote something.
class DyingRunner final : public base::CommandRunner {
 public:
  explicit DyingRunner(const DiskImage& disk) : disk_(disk) {}
  absl::StatusOr<base::CommandResult> Run(const std::vector<std::string>& /*argv*/,
                                          absl::Time /*deadline*/) override {
    disk_.Write(16384, "half of it");
    return absl::DeadlineExceededError("killed");
  }

 private:
  const DiskImage& disk_;
};

TEST_F(LinuxFileSystemsTest, AFormatThatWasCutShortIsBegunAgain) {
  for (const char* fs_type : {"ext4", "xfs"}) {
    const DiskImage disk;
    DyingRunner dying(disk);
    LinuxFileSystems interrupted(dying, DeviceCheck::kAnyFile);
    ASSERT_THAT(interrupted.Format(disk.device(), {fs_type}, Soon()),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
    EXPECT_THAT(real_.Probe(disk.device()), IsOkAndHolds(Holds(Content::kBlank, "cut short")));
    EXPECT_OK(real_.Format(disk.device(), {fs_type}, Soon()));
    EXPECT_THAT(HasFormatMark(disk.Open()), IsOkAndHolds(false));
  }
}

TEST_F(LinuxFileSystemsTest, AnUnfinishedXfsIsOursOnlyWithTheMark) {
  disk_.Run({"mkfs.xfs", "-q"});
  disk_.Write(126, "\x01");
  EXPECT_THAT(Probe(), IsOkAndHolds(Holds(Content::kFileSystem, "xfs")));
  ASSERT_OK(WriteFormatMark(disk_.Open()));
  EXPECT_THAT(Probe(), IsOkAndHolds(Holds(Content::kBlank, "cut short")));
  EXPECT_OK(Format("xfs"));
}

TEST_F(LinuxFileSystemsTest, AFinishedFileSystemIsNeverBlank) {
  for (const char* tool : {"mkfs.ext4", "mkfs.xfs"}) {
    const DiskImage disk;
    disk.Run({tool, "-q"});
    ASSERT_OK(WriteFormatMark(disk.Open()));
    EXPECT_THAT(real_.Probe(disk.device()), IsOkAndHolds(Holds(Content::kFileSystem, "")));
  }
}

TEST_F(LinuxFileSystemsTest, TheMarkIsGoneBeforeThereIsData) {
  ASSERT_OK(Format("ext4"));
  ASSERT_OK(WriteFormatMark(disk_.Open()));
  ASSERT_OK(real_.Check(disk_.device(), "ext4", Soon()));
  EXPECT_THAT(HasFormatMark(disk_.Open()), IsOkAndHolds(false));
}

TEST_F(LinuxFileSystemsTest, TheMarkOutlivesBothTools) {
  const Ext4 ext4;
  const Xfs xfs;
  for (const FsType* fs_type :
       {static_cast<const FsType*>(&ext4), static_cast<const FsType*>(&xfs)}) {
    const DiskImage disk;
    ASSERT_OK(WriteFormatMark(disk.Open()));
    std::vector<std::string> command = fs_type->FormatCommand("");
    command.pop_back();
    disk.Run(command);
    EXPECT_THAT(HasFormatMark(disk.Open()), IsOkAndHolds(true)) << command.front();
  }
}

TEST_F(LinuxFileSystemsTest, AHealthyFileSystemCostsNoChecker) {
  for (const char* fs_type : {"ext4", "xfs"}) {
    const DiskImage disk;
    disk.Run({absl::StrCat("mkfs.", fs_type), "-q"});
    EXPECT_OK(faked_.Check(disk.device(), fs_type, Soon()));
  }
  EXPECT_THAT(fake_runner_.Lines(), IsEmpty());
}

TEST_F(LinuxFileSystemsTest, MendsAnExt4ThatReportsErrors) {
  ASSERT_OK(Format("ext4"));
  disk_.Run({"debugfs", "-w", "-R", "set_super_value state 2"});
  EXPECT_OK(real_.Check(disk_.device(), "ext4", Soon()));
  EXPECT_OK(faked_.Check(disk_.device(), "ext4", Soon()));
  EXPECT_THAT(fake_runner_.Lines(), IsEmpty());
}

TEST_F(LinuxFileSystemsTest, AnotherFileSystemIsNotChecked) {
  disk_.Run({"mkfs.xfs", "-q"});
  EXPECT_THAT(real_.Check(disk_.device(), "ext4", Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(CheckerVerdictTest, KnowsTheExitCodesOfE2fsck) {
  const auto code = [](int exit_code) { return CheckerVerdict("x", {exit_code, ""}).code(); };
  for (const int fine : {0, 1, 2, 3}) EXPECT_EQ(code(fine), absl::StatusCode::kOk);
  for (const int person : {4, 5, 12})
    EXPECT_EQ(code(person), absl::StatusCode::kFailedPrecondition);
  for (const int failed : {8, 16, 32, 128 + 9, 128 + 4}) {
    EXPECT_EQ(code(failed), absl::StatusCode::kInternal);
  }
}

TEST(CheckerVerdictTest, SaysWhatToDo) {
  EXPECT_THAT(CheckerVerdict("/dev/nvme0n1", {4, "UNEXPECTED INCONSISTENCY"}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("/dev/nvme0n1"), HasSubstr("e2fsck -f"),
                             HasSubstr("UNEXPECTED INCONSISTENCY"))));
}

}  // namespace
}  // namespace nvmeof::mount
