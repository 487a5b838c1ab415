// The nvmet backend, with two real agents on real pools (ext4 and xfs) and the kernel's target,
// passes what every backend must pass.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/nvmet/agent_client.h"
#include "backend/nvmet/nvmet_backend.h"
#include "base/clock.h"
#include "base/file.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/agent.h"
#include "tests/vm/eventually.h"
#include "tests/vm/lab.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

// Lives as long as the program; its volumes come and go with the cases.
class StorageNodes final : public ::testing::Environment {
 public:
  void SetUp() override {
    auto lab = Lab::Create("contract");
    ASSERT_OK(lab);
    lab_ = *std::move(lab);
    const std::string spare = lab_->Folder("spare");
    ASSERT_OK(base::EnsureDirectory(spare));
    ASSERT_OK(RunTool({"mkfs.xfs", "-q", "-f", std::getenv("NVMEOF_SPARE")}));
    ASSERT_OK(RunTool({"mount", std::getenv("NVMEOF_SPARE"), spare}));
    // They share a portal.
    plans_["on-ext4"] = {.port = 4421,
                         .portals = {0},
                         .pool = lab_->Folder("pool"),
                         .log = lab_->Folder("log/ext4")};
    plans_["on-xfs"] = {
        .port = 4422, .portals = {0, 1}, .pool = spare, .log = lab_->Folder("log/xfs")};
    for (const auto& [place, plan] : plans_) BringUp(place);
  }

  void TearDown() override {
    if (lab_ == nullptr) return;
    EXPECT_THAT(lab_->Leftovers(), ::testing::IsEmpty());
    agents_.clear();
    EXPECT_OK(RunTool({"umount", lab_->Folder("spare")}));
    lab_.reset();
  }

  void TakeDown(const std::string& place) { agents_.erase(place); }
  void BringUp(const std::string& place) {
    if (agents_.contains(place)) return;
    auto agent = StartAgent(plans_.at(place));
    ASSERT_OK(agent);
    agents_[place] = *std::move(agent);
  }

  backend::NvmetConfig config() const {
    backend::NvmetConfig config;
    for (const auto& [place, plan] : plans_) config.agents.push_back({place, plan.address()});
    return config;
  }

 private:
  std::unique_ptr<Lab> lab_;
  std::map<std::string, AgentPlan> plans_;
  std::map<std::string, std::unique_ptr<Process>> agents_;
};

// GoogleTest owns it.
StorageNodes& Nodes() {
  static StorageNodes* nodes = [] {
    backend::WatchIdleConnections();
    auto made = std::make_unique<StorageNodes>();
    ::testing::AddGlobalTestEnvironment(made.get());
    return made.release();
  }();
  return *nodes;
}

class NvmetSubject final : public ContractSubject {
 public:
  NvmetSubject() : backend_("fast", Nodes().config(), clock_) {}

  backend::Backend& backend() override { return backend_; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(60); }
  std::vector<std::string> places() const override { return {"on-ext4", "on-xfs"}; }
  void TakeDown(const std::string& place) override { Nodes().TakeDown(place); }
  // Returns when the backend has found it again, which tries at most every two seconds.
  void BringUp(const std::string& place) override {
    Nodes().BringUp(place);
    EXPECT_TRUE(Eventually(absl::Seconds(30), [&] { return Reaches(place); })) << place;
  }

 private:
  bool Reaches(const std::string& place) {
    const absl::StatusOr<backend::VolumeList> list = backend_.List(Deadline());
    return list.ok() && std::count(list->unreachable.begin(), list->unreachable.end(), place) == 0;
  }

  base::MonotonicClock clock_;
  backend::NvmetBackend backend_;
};

ContractCase Nvmet() {
  // Before the first case, so that GoogleTest sets them up.
  Nodes();
  return {"TwoAgents", [] { return std::make_unique<NvmetSubject>(); }};
}

INSTANTIATE_TEST_SUITE_P(Nvmet, BackendContract, ::testing::Values(Nvmet()));
INSTANTIATE_TEST_SUITE_P(Nvmet, PlacesContract, ::testing::Values(Nvmet()));

}  // namespace
}  // namespace nvmeof::testing
