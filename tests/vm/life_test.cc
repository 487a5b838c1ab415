// The life of a volume on a real kernel: made, attached over four paths, written, cut off one
// portal while writing, healed, grown, moved away and back, verified, deleted, nothing left.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr absl::Duration kPatience = absl::Seconds(60);

class LifeTest : public LabTest, public ::testing::WithParamInterface<VolumeKind> {
 protected:
  PodVolume NewVolume() {
    return {lab().cluster(),
            {.name = "pvc-life", .kind = GetParam(), .parameters = Lab::AllPaths()}};
  }
};

TEST_P(LifeTest, KeepsItsDataThroughCutHealGrowthAndRestage) {
  PodVolume volume = NewVolume();
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));

  Writer writer(volume.data_path(), 2 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(lab().network().Refuse(0));
  EXPECT_TRUE(writer.WaitFor(200, kPatience));
  // A path without I/O is found dead by its keep-alive only.
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 2; }));
  EXPECT_LT(writer.longest_gap(), absl::Seconds(5));
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));

  EXPECT_OK(volume.Expand(2 * kGiB));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  const auto stats = volume.Stats();
  ASSERT_OK(stats);
  EXPECT_GT(stats->usage(0).total(), kGiB * 3 / 2);

  ASSERT_OK(volume.Detach());
  EXPECT_THAT(KernelPaths(), ::testing::IsEmpty());
  ASSERT_OK(volume.Attach());
  EXPECT_OK(writer.Verify(volume.data_path()));
  ASSERT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_P(LifeTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume();
  for (auto step : {&PodVolume::Create, &PodVolume::ControllerPublish, &PodVolume::Stage,
                    &PodVolume::Publish, &PodVolume::Unpublish, &PodVolume::Unstage,
                    &PodVolume::ControllerUnpublish, &PodVolume::Delete}) {
    EXPECT_OK((volume.*step)());
    EXPECT_OK((volume.*step)());
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LifeTest,
                         ::testing::Values(VolumeKind::kExt4, VolumeKind::kXfs, VolumeKind::kBlock),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
