#include "tests/vm/backend_life.h"

#include <iostream>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"

namespace nvmeof::testing {
namespace {

// Says how long the call took.
absl::Status Timed(absl::string_view name, const std::function<absl::Status()>& call) {
  const base::MonotonicClock clock;
  const absl::Time start = clock.Now();
  absl::Status status = call();
  std::cout << name << ": "
            << absl::FormatDuration(absl::Trunc(clock.Now() - start, absl::Milliseconds(1)))
            << "\n";
  return status;
}

}  // namespace

void Live(PodVolume& volume, const LifeStory& story) {
  ASSERT_OK(Timed("CreateVolume", [&] { return volume.Create(); }));
  ASSERT_OK(Timed("ControllerPublishVolume", [&] { return volume.ControllerPublish(); }));
  ASSERT_OK(Timed("NodeStageVolume", [&] { return volume.Stage(); }));
  ASSERT_OK(Timed("NodePublishVolume", [&] { return volume.Publish(); }));
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return CountLive(volume.nqn()) == story.paths; }));

  Writer writer(volume.data_path(), 2 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kLifePatience));
  story.while_written(writer);
  EXPECT_OK(Timed("ControllerExpandVolume, NodeExpandVolume",
                  [&] { return volume.Expand(2 * kLifeGib); }));
  EXPECT_TRUE(writer.WaitFor(50, kLifePatience));
  EXPECT_OK(writer.Stop());
  const auto stats = volume.Stats();
  ASSERT_OK(stats);
  EXPECT_GT(stats->usage(0).total(), kLifeGib * 3 / 2);

  EXPECT_OK(Timed("NodeUnpublishVolume", [&] { return volume.Unpublish(); }));
  EXPECT_OK(Timed("NodeUnstageVolume", [&] { return volume.Unstage(); }));
  ASSERT_OK(Timed("ControllerUnpublishVolume", [&] { return volume.ControllerUnpublish(); }));
  EXPECT_THAT(KernelPaths(), ::testing::IsEmpty());
  story.while_detached();
  ASSERT_OK(volume.Attach());
  EXPECT_OK(writer.Verify(volume.data_path()));
  ASSERT_OK(volume.Detach());
  EXPECT_OK(Timed("DeleteVolume", [&] { return volume.Delete(); }));
}

void RepeatEveryCall(PodVolume& volume) {
  for (auto step : {&PodVolume::Create, &PodVolume::ControllerPublish, &PodVolume::Stage,
                    &PodVolume::Publish, &PodVolume::Unpublish, &PodVolume::Unstage,
                    &PodVolume::ControllerUnpublish, &PodVolume::Delete}) {
    EXPECT_OK((volume.*step)());
    EXPECT_OK((volume.*step)());
  }
}

}  // namespace nvmeof::testing
