// The product with its volumes in an LVM thin pool, on a real kernel.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/units.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/eventually.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/leftovers.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/run_tool.h"
#include "tests/vm/thin_pool.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

using base::kMiB;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LvmTest : public LabTest {
 protected:
  absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) override {
    return Lab::Start(name, ThinPool::place());
  }

  PodVolume NewVolume(const std::string& name, std::int64_t bytes, VolumeKind kind) {
    return {lab().cluster(),
            {.name = name, .kind = kind, .bytes = bytes, .parameters = Lab::AllPaths()}};
  }

  // As a host does; only that of one volume is there.
  static absl::Status FillTheOnlyVolume(std::int64_t bytes) {
    return RunTool({"dd", "if=/dev/zero", absl::StrCat("of=", ThinPool::Devices().at(0)), "bs=1M",
                    absl::StrCat("count=", bytes / kMiB), "oflag=direct"});
  }

 private:
  // Outlives the lab.
  const ThinPool pool_{512 * kMiB};
};

TEST_F(LvmTest, VolumeKeepsItsDataThroughGrowthAndABootOfTheStorageNode) {
  PodVolume volume = NewVolume("pvc-thin", 128 * kMiB, VolumeKind::kExt4);
  ASSERT_OK(volume.Create());
  EXPECT_THAT(ThinPool::Devices(), SizeIs(1));
  ASSERT_OK(volume.Attach());
  Writer writer(volume.data_path(), 2 << 20);
  writer.Start();
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(volume.Expand(256 * kMiB));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  const auto stats = volume.Stats();
  ASSERT_OK(stats);
  EXPECT_GT(stats->usage(0).total(), 192 * kMiB);
  ASSERT_OK(volume.Detach());

  lab().target().Kill();
  ClearKernelTarget();
  ASSERT_OK(ThinPool::Deactivate());
  EXPECT_THAT(ThinPool::Devices(), IsEmpty());
  ASSERT_OK(lab().StartTarget());
  ASSERT_OK(volume.Attach());
  EXPECT_OK(writer.Verify(volume.data_path()));
  ASSERT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
  EXPECT_THAT(ThinPool::Devices(), IsEmpty());
}

// 5 percent of the pool are the reserve.
TEST_F(LvmTest, PoolThatFillsUpRefusesVolumesAndGrowthUntilThereIsRoomAgain) {
  PodVolume first = NewVolume("pvc-first", 384 * kMiB, VolumeKind::kBlock);
  PodVolume second = NewVolume("pvc-second", 128 * kMiB, VolumeKind::kBlock);
  ASSERT_OK(first.Create());
  ASSERT_OK(FillTheOnlyVolume(384 * kMiB));
  EXPECT_THAT(second.Create(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("room")));
  EXPECT_THAT(first.Expand(512 * kMiB), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ThinPool::Devices(), SizeIs(1));

  ASSERT_OK(RunTool({"blkdiscard", ThinPool::Devices().at(0)}));
  EXPECT_TRUE(Eventually(kPatience, [&] { return second.Create().ok(); }));
  EXPECT_OK(first.Delete());
  EXPECT_OK(second.Delete());
}

}  // namespace
}  // namespace nvmeof::testing
