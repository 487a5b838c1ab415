// SpdkBackend over a target in memory.
#include <optional>

#include "absl/strings/str_cat.h"

#include "backend/spdk/spdk_backend.h"
#include "tests/crash/fault_points.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_spdk.h"

namespace nvmeof::testing {
namespace {

class SpdkSystem final : public FaultySystem {
 public:
  SpdkSystem() { NewController(); }

  backend::Backend& backend() override { return *backend_; }
  void NewController() override {
    backend_.emplace(
        "fast",
        backend::SpdkConfig{
            .socket = "/unused", .lvol_store = "store", .portals = {{"tcp", "192.0.2.1", "4420"}}},
        spdk_.Connect(), clock_);
  }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }

  std::vector<std::string> faults() const override {
    return {"it is lost", "it is carried out, and its answer is lost", "it is refused",
            "it is refused, though it is carried out"};
  }
  void FailAt(int n, std::size_t fault) override {
    using Fault = FakeSpdk::Fault;
    constexpr Fault kFaults[] = {Fault::kLost, Fault::kAnswerLost, Fault::kRefused,
                                 Fault::kRefusedDone};
    spdk_.FailAt(n, kFaults[fault]);
  }
  int calls() override { return spdk_.requests(); }

  bool Connects(const backend::Volume& volume, const volume::Nqn& host) override {
    return spdk_.ConnectHost(volume.target.subsystem.text(), host.text());
  }
  std::string Inventory() override {
    std::string all;
    for (const auto& [uuid, lvol] : spdk_.lvols()) absl::StrAppend(&all, uuid, " ");
    for (const auto& [nqn, subsystem] : spdk_.subsystems()) absl::StrAppend(&all, nqn, " ");
    return all;
  }

 private:
  FakeClock clock_;
  FakeSpdk spdk_;
  std::optional<backend::SpdkBackend> backend_;
};

}  // namespace

FaultCase SpdkFaults() {
  return {"spdk", [] { return std::make_unique<SpdkSystem>(); }};
}

}  // namespace nvmeof::testing
