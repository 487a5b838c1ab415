#include "base/kernel_module.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/log.h"
#include "tests/fakes/fake_command_runner.h"

namespace nvmeof::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(KernelModuleTest, AsksModprobeForWhatIsMissing) {
  nvmeof::testing::FakeCommandRunner commands;
  commands.Answer("modprobe");

  LoadMissingModule(absl::NotFoundError("no device"), "nvme-tcp", commands, absl::InfiniteFuture());

  EXPECT_THAT(commands.Lines(), ElementsAre("modprobe nvme-tcp"));
}

TEST(KernelModuleTest, LeavesAloneWhatIsThere) {
  nvmeof::testing::FakeCommandRunner commands;
  commands.Answer("modprobe", {.exit_code = 1, .output = "its files are gone"});

  LoadMissingModule(absl::OkStatus(), "nvme-tcp", commands, absl::InfiniteFuture());

  EXPECT_THAT(commands.Lines(), IsEmpty());
}

TEST(KernelModuleTest, LogsModprobesWords) {
  StartLog(Level::kInfo, LogFormat::kText);
  nvmeof::testing::FakeCommandRunner commands;
  commands.Answer("modprobe", {.exit_code = 1, .output = "Module nvme-tcp not found\n"});

  ::testing::internal::CaptureStderr();
  LoadMissingModule(absl::NotFoundError("no device"), "nvme-tcp", commands, absl::InfiniteFuture());

  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("Module nvme-tcp not found"));
}

}  // namespace
}  // namespace nvmeof::base
