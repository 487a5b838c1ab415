// The life of a volume over each transport that the kernel has, and over two of them at once, with
// a link that breaks while the volume is written.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

#include "base/status_macros.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/eventually.h"
#include "tests/vm/fabrics.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

struct Transport {
  std::string name;
  bool tcp;                                           // over the lab's network
  absl::StatusOr<std::unique_ptr<Fabric>> (*make)();  // beside it; null = none
  int paths;
  int paths_of_a_link;

  friend std::ostream& operator<<(std::ostream& out, const Transport& transport) {
    return out << transport.name;
  }
};

class TransportTest : public LabTest, public ::testing::WithParamInterface<Transport> {
 protected:
  absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Lab> lab, Lab::Create(name));
    if (!GetParam().tcp) lab->agent_plan().portals.clear();
    if (GetParam().make != nullptr) {
      ASSIGN_OR_RETURN(fabric_, GetParam().make());
      for (int link = 0; link < Fabric::kPortals; ++link) {
        for (const std::string& word : {std::string("--portal"), fabric_->portal(link)}) {
          lab->agent_plan().more_arguments.push_back(word);
        }
      }
    }
    RETURN_IF_ERROR(lab->StartTarget());
    RETURN_IF_ERROR(lab->StartController());
    RETURN_IF_ERROR(lab->StartNode());
    return lab;
  }

  void TearDown() override {
    LabTest::TearDown();
    fabric_.reset();
  }

  PodVolume NewVolume(VolumeKind kind) {
    return {lab().cluster(), {.name = "pvc-transport", .kind = kind, .parameters = Parameters()}};
  }

  absl::Status Cut() { return fabric_ != nullptr ? fabric_->Cut(0) : lab().network().Refuse(0); }
  absl::Status Heal(const PodVolume& volume) {
    if (fabric_ == nullptr) return lab().network().Heal();
    Exported exported(volume.nqn());
    return fabric_->Heal(0, exported);
  }

  bool Heals() const { return fabric_ == nullptr || fabric_->heals(); }

  bool BecomesLive(const PodVolume& volume, int paths) {
    if (Eventually(kLifePatience, [&] { return CountLive(volume.nqn()) == paths; })) return true;
    std::cout << absl::StrJoin(DescribePaths(volume.nqn()), "\n") << "\n";
    return false;
  }

 private:
  std::map<std::string, std::string> Parameters() const {
    std::map<std::string, std::string> parameters = {
        {"reconnectDelay", "2"}, {"ctrlLossTmo", Heals() ? "600" : "4"}, {"keepAliveTmo", "4"}};
    if (GetParam().tcp) {
      parameters["hostIface"] = absl::StrCat(Network::Interface(0), ",", Network::Interface(1));
    } else if (!fabric_->host_address().empty()) {
      parameters["hostTraddr"] = fabric_->host_address();
    }
    return parameters;
  }

  std::unique_ptr<Fabric> fabric_;
};

TEST_P(TransportTest, KeepsItsDataThroughGrowthAndRestage) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  Live(volume, {.paths = GetParam().paths});
}

TEST_P(TransportTest, WritesGoOnWhileALinkIsBroken) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  const auto break_a_link = [&](Writer& writer) {
    const int left = GetParam().paths - GetParam().paths_of_a_link;
    ASSERT_OK(Cut());
    EXPECT_TRUE(writer.WaitFor(100, kLifePatience));
    EXPECT_TRUE(BecomesLive(volume, left));
    std::cout << "longest pause: " << writer.longest_gap() << "\n";
    if (Heals()) {
      ASSERT_OK(Heal(volume));
      EXPECT_TRUE(BecomesLive(volume, GetParam().paths));
    } else {
      EXPECT_TRUE(Eventually(kLifePatience, [&] {
        return std::ssize(KernelPaths(volume.nqn())) == left;
      })) << "the kernel kept the path";
    }
  };
  Live(volume, {.paths = GetParam().paths, .while_written = break_a_link});
}

TEST_P(TransportTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  RepeatEveryCall(volume);
}

INSTANTIATE_TEST_SUITE_P(Transports, TransportTest,
                         ::testing::Values(Transport{"tcp", true, nullptr, 4, 2},
                                           Transport{"rdma", false, &MakeSoftRdma, 2, 1},
                                           Transport{"fc", false, &MakeLoopedFibreChannel, 2, 1},
                                           Transport{"tcp_and_rdma", true, &MakeSoftRdma, 6, 1}),
                         [](const auto& transport) { return transport.param.name; });

}  // namespace
}  // namespace nvmeof::testing
