#include "target/open_pool.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "base/units.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_lvm.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::FakeLvm;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(OpenPoolTest, SecondAgentWithAnLvmPoolIsToldToUseAnotherStateFolder) {
  const TemporaryDirectory directory(TemporaryDirectory::InMemory());
  FakeLvm lvm(base::kGiB);
  const FakeClock clock;
  const std::string state = directory.File("state");
  ASSERT_OK(base::EnsureDirectory(state));
  const auto first = OwnedFolder::Open(state);
  ASSERT_OK(first);
  EXPECT_THAT(
      OpenPool(volume::LvmThinPool{.volume_group = "vg", .name = "thin"}, state, lvm, clock),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--state-dir")));
  EXPECT_THAT(lvm.changes(), IsEmpty());
}

}  // namespace
}  // namespace nvmeof::target
