// NvmetBackend over the real protocol of an agent with its volumes in memory.
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/nvmet/nvmet_backend.h"
#include "tests/crash/fault_points.h"
#include "tests/fakes/fake_agent.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {
namespace {

class NvmetSystem final : public FaultySystem {
 public:
  NvmetSystem() { NewController(); }

  backend::Backend& backend() override { return *backend_; }
  void NewController() override {
    backend_.emplace("nvmet", backend::NvmetConfig{{agent_.config()}}, clock_);
  }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(30); }

  std::vector<std::string> faults() const override {
    return {"it is lost", "it is carried out, its answer and all later calls are lost"};
  }
  void FailAt(int n, std::size_t fault) override {
    if (fault == 0) {
      agent_.RefuseAt(n);
    } else {
      agent_.DieAt(n);
    }
  }
  int calls() override { return agent_.calls(); }

  bool Connects(const backend::Volume& volume, const volume::Nqn& host) override {
    return absl::c_any_of(volume.exports,
                          [&](const backend::Export& each) { return each.host == host; });
  }
  std::string Inventory() override {
    const std::size_t volumes = agent_.volumes();
    return volumes == 0 ? "" : absl::StrCat(volumes, " volumes");
  }

 private:
  FakeClock clock_;
  TemporaryDirectory directory_;
  FakeAgent agent_{"agent-a", absl::StrCat("unix://", directory_.File("a.sock"))};
  std::optional<backend::NvmetBackend> backend_;
};

}  // namespace

FaultCase NvmetFaults() {
  return {"nvmet", [] { return std::make_unique<NvmetSystem>(); }};
}

}  // namespace nvmeof::testing
