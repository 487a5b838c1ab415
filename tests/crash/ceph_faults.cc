// CephBackend over the real protocol of two gateways in memory.
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"

#include "backend/ceph/ceph_backend.h"
#include "tests/crash/fault_points.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {
namespace {

class CephSystem final : public FaultySystem {
 public:
  explicit CephSystem(bool shared) : shared_(shared) { NewController(); }

  backend::Backend& backend() override { return *backend_; }
  void NewController() override { backend_.emplace("ceph", config(), clock_); }
  absl::Time Deadline() override { return clock_.Now() + absl::Minutes(1); }

  std::vector<std::string> faults() const override {
    return {"it and all later ones are lost",
            "it is carried out, its answer and all later calls are lost"};
  }
  void FailAt(int n, std::size_t fault) override { ceph_.DieAt(n, fault == 1); }
  int calls() override { return static_cast<int>(ceph_.calls().size()); }

  bool Connects(const backend::Volume& volume, const volume::Nqn& host) override {
    const std::string& nqn = volume.target.subsystem.text();
    const std::uint32_t nsid = *volume.target.identity.nsid;
    const bool at_first = ceph_.ShowsTo(0, nqn, nsid, host.text());
    const bool at_second = ceph_.ShowsTo(1, nqn, nsid, host.text());
    return at_first && at_second;
  }
  std::string Inventory() override {
    std::string all;
    for (const auto& [nqn, subsystem] : ceph_.subsystems()) {
      // A subsystem that volumes share stays, and lets nobody in.
      if (shared_ && subsystem.namespaces.empty() && subsystem.hosts.empty()) continue;
      absl::StrAppend(&all, nqn, " ");
    }
    for (const auto& [image, bytes] : ceph_.images()) absl::StrAppend(&all, image, " ");
    return all;
  }

 private:
  backend::CephConfig config() const { return shared_ ? ceph_.shared_config() : ceph_.config(); }

  const bool shared_;
  FakeClock clock_;
  TemporaryDirectory directory_;
  FakeCeph ceph_{directory_.path(), FakeCeph::TwoGateways()};
  std::optional<backend::CephBackend> backend_;
};

}  // namespace

FaultCase CephFaults() {
  return {"ceph", [] { return std::make_unique<CephSystem>(false); }};
}

FaultCase SharedCephFaults() {
  return {"ceph, one subsystem", [] { return std::make_unique<CephSystem>(true); }};
}

}  // namespace nvmeof::testing
