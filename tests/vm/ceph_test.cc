// The ceph backend on two gateways whose subsystems are the kernel's: it passes what every backend
// must pass, and its volumes are attached, written, grown and read back, also when a gateway ends.
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/ceph/ceph_backend.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/eventually.h"
#include "tests/vm/facades/kernel_ceph.h"
#include "tests/vm/kernel.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/run_tool.h"
#include "tests/vm/storage_lab.h"

namespace nvmeof::testing {
namespace {

using ::testing::HasSubstr;

using CephLab = StorageLab<KernelCeph>;

template <bool shared>
class CephSubject final : public StorageSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  backend::Backend& other_controller() override { return other_; }

 private:
  static backend::CephConfig Config() {
    const FakeCeph& gateways = CephLab::Get().facade().gateways();
    return shared ? gateways.shared_config() : gateways.config();
  }

  backend::CephBackend backend_{"rados", Config(), clock_};
  backend::CephBackend other_{"rados", Config(), clock_};
};

INSTANTIATE_TEST_SUITE_P(Ceph, BackendContract,
                         ::testing::Values(CaseOn<KernelCeph, CephSubject<false>>("Ceph"),
                                           CaseOn<KernelCeph, CephSubject<true>>("CephShared")));

class CephLifeTest : public StorageLifeTest<KernelCeph> {};

TEST_P(CephLifeTest, KeepsItsDataThroughGrowthAndRestage) {
  PodVolume volume = NewVolume();
  Live(volume);
}

// Its control API; the data path of these gateways is the kernel's.
TEST_P(CephLifeTest, GrowsWhileAGatewayIsAwayAndIsDetachedWhenItIsBack) {
  PodVolume volume = NewVolume();
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  facade().gateways().Stop(0);
  EXPECT_OK(volume.Expand(2 * kLifeGib));
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_FALSE(volume.ControllerUnpublish().ok()) << "nobody knows whom that gateway serves";
  facade().gateways().Start(0);
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return volume.ControllerUnpublish().ok(); }));
  EXPECT_OK(volume.Delete());
}

TEST_P(CephLifeTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume();
  RepeatEveryCall(volume);
}

// Volumes that share a subsystem, and so their paths.
class CephSharedLifeTest : public CephLifeTest {
 protected:
  static PodVolume NewVolume(const std::string& name) {
    std::map<std::string, std::string> parameters = Lab::AllPaths();
    parameters["backend"] = KernelCeph::kShared;
    return {lab().cluster(), {.name = name, .kind = GetParam(), .parameters = parameters}};
  }
};

TEST_P(CephSharedLifeTest, KeepsItsDataThroughGrowthAndRestage) {
  PodVolume volume = NewVolume("pvc-shared");
  Live(volume);
}

TEST_P(CephSharedLifeTest, AVolumeComesAndGoesBesideOneThatIsWritten) {
  PodVolume stays = NewVolume("pvc-stays");
  PodVolume other = NewVolume("pvc-comes-and-goes");
  ASSERT_OK(stays.Create());
  ASSERT_OK(stays.Attach());
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return CountLive(stays.nqn()) == 4; }));
  Writer writer(stays.data_path(), 2 << 20);
  writer.Start();
  for (int round = 0; round < 2; ++round) {
    ASSERT_OK(other.Create());
    ASSERT_OK(other.Attach());
    EXPECT_EQ(other.nqn(), stays.nqn());
    EXPECT_EQ(KernelPaths().size(), 4U) << "one set of paths for both";
    Writer guest(other.data_path(), 2 << 20);
    guest.Start();
    EXPECT_TRUE(guest.WaitFor(20, kLifePatience));
    EXPECT_OK(guest.Stop());
    EXPECT_OK(guest.Verify(other.data_path()));
    ASSERT_OK(other.Detach());
    ASSERT_OK(other.Delete());
    EXPECT_TRUE(writer.WaitFor(20, kLifePatience));
  }
  EXPECT_EQ(CountLive(stays.nqn()), 4);
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(stays.data_path()));
  ASSERT_OK(stays.Detach());
  EXPECT_OK(stays.Delete());
}

// DH-HMAC-CHAP, which the kernel target does for the gateway.
class CephKeysTest : public CephLifeTest {
 protected:
  static constexpr char kKey[] = "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:";
  static constexpr char kOther[] = "DHHC-1:01:NGC+MSAeaf7aoO7ouZl/XHwpmf2v5ZMlPNZUr0361xSMgv0d:";

  // What a stage with keys that do not fit answers. A target that closes before it has read the
  // host's last word leaves the kernel waiting for a minute on that path, which is then only lost:
  // so it is tried again.
  static absl::Status StageRefused(PodVolume& volume) {
    absl::Status refused;
    for (int i = 0; i < 3; ++i) {
      refused = volume.Stage();
      if (refused.ok() || absl::StrContains(refused.message(), "KEYREJECTED")) break;
    }
    return refused;
  }
};

TEST_P(CephKeysTest, HostAndSubsystemAuthenticateOnEveryPath) {
  PodVolume volume = NewVolume();
  ASSERT_OK(volume.Create());
  volume.UsePublishSecrets({{"dhchapSecret", kKey}, {"dhchapCtrlSecret", kOther}});
  ASSERT_OK(volume.ControllerPublish());
  const absl::Status keyless = volume.Stage();
  EXPECT_THAT(keyless, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("(ENOKEY)")));
  std::cout << keyless << "\n";
  volume.UseStageSecrets({{"dhchapSecret", kOther}});
  const absl::Status wrong = StageRefused(volume);
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("(EKEYREJECTED)")));
  std::cout << wrong << "\n";
  volume.UseStageSecrets({{"dhchapSecret", kKey}, {"dhchapCtrlSecret", kKey}});
  EXPECT_THAT(StageRefused(volume),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("KEYREJECTED")))
      << "this is not the subsystem that the host knows";
  volume.UseStageSecrets({{"dhchapSecret", kKey}, {"dhchapCtrlSecret", kOther}});
  ASSERT_OK(volume.Stage());
  ASSERT_OK(volume.Publish());
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return CountLive(volume.nqn()) == 4; }));

  // The next plugin has no key but those that the kernel keeps.
  lab().node().Kill();
  std::ofstream("/sys/class/nvme/" + KernelPaths(volume.nqn()).front().name + "/delete_controller")
      << 1;
  ASSERT_OK(lab().StartNode());
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return CountLive(volume.nqn()) == 4; }));

  // Nothing of them is in what the plugins say and keep.
  EXPECT_OK(RunTool({"sh", "-c", "grep -rq rados: \"$@\" && ! grep -r DHHC-1 \"$@\"", "sh",
                     lab().Folder("log"), lab().Folder("state")}));
  ASSERT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

INSTANTIATE_TEST_SUITE_P(Kinds, CephKeysTest, ::testing::Values(VolumeKind::kExt4),
                         [](const auto& kind) { return Name(kind.param); });

INSTANTIATE_TEST_SUITE_P(Kinds, CephSharedLifeTest, StorageKinds(),
                         [](const auto& kind) { return Name(kind.param); });

INSTANTIATE_TEST_SUITE_P(Kinds, CephLifeTest, StorageKinds(),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
