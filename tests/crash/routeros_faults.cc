// RouterosBackend over a router in memory.
#include <optional>

#include "absl/strings/str_cat.h"

#include "backend/routeros/routeros_backend.h"
#include "tests/crash/fault_points.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_routeros.h"

namespace nvmeof::testing {
namespace {

class RouterosSystem final : public FaultySystem {
 public:
  RouterosSystem() { NewController(); }

  backend::Backend& backend() override { return *backend_; }
  void NewController() override {
    backend_.emplace("rose",
                     backend::RouterosConfig{
                         .router = {}, .disk = "raid1", .portals = {{"tcp", "192.0.2.1", "4421"}}},
                     router_.Connect(), clock_);
  }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }

  std::vector<std::string> faults() const override {
    return {"it is lost", "it is carried out, and its answer is lost", "it is refused",
            "it is refused when half of it is done"};
  }
  void FailAt(int n, std::size_t fault) override {
    using Fault = FakeRouteros::Fault;
    constexpr Fault kFaults[] = {Fault::kLost, Fault::kAnswerLost, Fault::kRefused,
                                 Fault::kRefusedInPart};
    router_.FailAt(n, kFaults[fault]);
  }
  int calls() override { return router_.requests(); }

  bool Connects(const backend::Volume& volume, const volume::Nqn& host) override {
    return router_.ConnectHost(volume.target.subsystem.text(), host.text());
  }
  std::string Inventory() override {
    std::string all;
    for (const auto& [slot, disk] : router_.disks()) absl::StrAppend(&all, slot, " ");
    for (const std::string& file : router_.files()) absl::StrAppend(&all, file, " ");
    return all;
  }

 private:
  FakeClock clock_;
  FakeRouteros router_;
  std::optional<backend::RouterosBackend> backend_;
};

}  // namespace

FaultCase RouterosFaults() {
  return {"routeros", [] { return std::make_unique<RouterosSystem>(); }};
}

}  // namespace nvmeof::testing
