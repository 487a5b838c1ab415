#include "tests/contract/backend_contract.h"
#include "tests/fakes/memory_backend.h"

namespace nvmeof::testing {
namespace {

class MemorySubject final : public ContractSubject {
 public:
  explicit MemorySubject(MemoryBackendOptions options) : memory_(std::move(options)) {}

  backend::Backend& backend() override { return memory_; }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }
  std::vector<std::string> places() const override { return {"place-a", "place-b"}; }
  void TakeDown(const std::string& place) override { memory_.TakeDown(place); }
  void BringUp(const std::string& place) override { memory_.BringUp(place); }

 private:
  MemoryBackend memory_;
};

ContractCase Case(std::string name, const MemoryBackendOptions& options) {
  return {std::move(name), [options] { return std::make_unique<MemorySubject>(options); }};
}

INSTANTIATE_TEST_SUITE_P(Memory, BackendContract,
                         ::testing::Values(Case("Memory", {}),
                                           Case("MemoryWithoutThick",
                                                {.not_offered = volume::Provisioning::kThick})));

}  // namespace
}  // namespace nvmeof::testing
