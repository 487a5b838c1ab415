#include "tests/contract/backend_contract.h"
#include "tests/fakes/memory_backend.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

class MemorySubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return memory_; }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }
  std::vector<std::string> places() const override { return {"place-a", "place-b"}; }
  void TakeDown(const std::string& place) override { memory_.TakeDown(place); }
  void BringUp(const std::string& place) override { memory_.BringUp(place); }

 private:
  MemoryBackend memory_;
};

// One that can do no more than it must.
class PlainSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return memory_; }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }

 private:
  MemoryBackend memory_{
      {.abilities = {.capacity = false, .several_hosts = false, .namespace_ids = false}}};
};

ContractCase Memory() {
  return {"Memory", [] { return std::make_unique<MemorySubject>(); }};
}
ContractCase Plain() {
  return {"Plain", [] { return std::make_unique<PlainSubject>(); }};
}

INSTANTIATE_TEST_SUITE_P(Memory, BackendContract, ::testing::Values(Memory(), Plain()));
INSTANTIATE_TEST_SUITE_P(Memory, PlacesContract, ::testing::Values(Memory()));

TEST(MemoryBackendTest, RefusesTheProvisioningThatItDoesNotOffer) {
  MemoryBackend memory({.not_offered = volume::Provisioning::kThick});
  backend::CreateRequest request{.name = "pvc-1", .size = {}, .fingerprint = "", .context = {}};
  EXPECT_OK(memory.Create(request, absl::InfiniteFuture()));
  request.name = "pvc-2";
  request.provisioning = volume::Provisioning::kThick;
  EXPECT_THAT(memory.Create(request, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace nvmeof::testing
