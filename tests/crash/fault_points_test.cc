// Walks every fault point of every backend, and keeps docs/FAULT_POINTS.md true.
#include "tests/crash/fault_points.h"

#include <optional>

#include "absl/algorithm/container.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/crash/document.h"
#include "tests/fakes/memory_backend.h"

namespace nvmeof::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<FaultTable>& AllTables() {
  static const auto& tables = *new std::vector<FaultTable>{
      WalkFaults(CephFaults()), WalkFaults(SharedCephFaults()), WalkFaults(NvmetFaults()),
      WalkFaults(RouterosFaults()), WalkFaults(SpdkFaults())};
  return tables;
}

TEST(FaultPointsTest, EveryPointConvergesAndLeavesNothing) {
  for (const FaultTable& table : AllTables()) {
    for (const FaultRow& row : table.rows) {
      EXPECT_THAT(row.failures, IsEmpty()) << table.backend << ", " << row.story;
      EXPECT_GT(row.points, 0) << table.backend << ", " << row.story;
    }
  }
}

TEST(FaultPointsTest, TheDocumentIsThisTable) {
  ExpectDocument("FAULT_POINTS.md", RenderFaults(AllTables()));
}

// A backend in memory whose one remote call a volume has its effect though it fails, and which
// forgets what it let in.
class ForgetfulSystem final : public FaultySystem {
 public:
  ForgetfulSystem() { NewController(); }

  backend::Backend& backend() override { return *backend_; }
  void NewController() override { backend_.emplace(MemoryBackendOptions{.places = {"place"}}); }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }
  std::vector<std::string> faults() const override { return {"nothing happens"}; }
  void FailAt(int n, std::size_t /*fault*/) override { calls_ += n == 1 ? 1 : 0; }
  int calls() override { return calls_; }
  bool Connects(const backend::Volume& volume, const volume::Nqn& host) override {
    return absl::c_any_of(volume.exports,
                          [&](const backend::Export& each) { return each.host == host; });
  }
  std::string Inventory() override { return "a crumb"; }

 private:
  std::optional<MemoryBackend> backend_;
  int calls_ = 0;
};

TEST(FaultPointsTest, WhatIsForgottenOrLeftIsTold) {
  const FaultTable table =
      WalkFaults({"forgetful", [] { return std::make_unique<ForgetfulSystem>(); }});
  const FaultRow& create = table.rows.at(0);
  EXPECT_THAT(create.failures, Contains(HasSubstr("left: a crumb")));
  const FaultRow& exported = table.rows.at(1);
  EXPECT_THAT(exported.failures, Contains(HasSubstr("NOT_FOUND")));
  EXPECT_THAT(RenderFaults({table}), HasSubstr("do not converge**"));
}

}  // namespace
}  // namespace nvmeof::testing
