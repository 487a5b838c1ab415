// The life of a volume on a real kernel: made, attached over four paths, written, cut off one
// portal while writing, healed, grown, moved away and back, verified, deleted, nothing left.
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

class LifeTest : public LabTest, public ::testing::WithParamInterface<VolumeKind> {
 protected:
  PodVolume NewVolume() {
    return {lab().cluster(),
            {.name = "pvc-life", .kind = GetParam(), .parameters = Lab::AllPaths()}};
  }
};

TEST_P(LifeTest, KeepsItsDataThroughCutHealGrowthAndRestage) {
  PodVolume volume = NewVolume();
  Live(volume, {.while_written = [&](Writer& writer) {
         ASSERT_OK(lab().network().Refuse(0));
         EXPECT_TRUE(writer.WaitFor(200, kLifePatience));
         // A path without I/O is found dead by its keep-alive only.
         EXPECT_TRUE(Eventually(kLifePatience, [&] { return CountLive(volume.nqn()) == 2; }));
         EXPECT_LT(writer.longest_gap(), absl::Seconds(5));
         ASSERT_OK(lab().network().Heal());
         EXPECT_TRUE(Eventually(kLifePatience, [&] { return CountLive(volume.nqn()) == 4; }));
       }});
}

TEST_P(LifeTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume();
  RepeatEveryCall(volume);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LifeTest,
                         ::testing::Values(VolumeKind::kExt4, VolumeKind::kXfs, VolumeKind::kBlock),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
