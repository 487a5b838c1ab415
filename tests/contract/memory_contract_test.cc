#include <memory>

#include "backend/bounded_backend.h"
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

// Within its bounds nobody notices them.
class BoundedSubject final : public ContractSubject {
 public:
  BoundedSubject() : BoundedSubject(std::make_unique<MemoryBackend>()) {}

  backend::Backend& backend() override { return bounded_; }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }
  std::vector<std::string> places() const override { return {"place-a", "place-b"}; }
  void TakeDown(const std::string& place) override { memory_.TakeDown(place); }
  void BringUp(const std::string& place) override { memory_.BringUp(place); }

 private:
  explicit BoundedSubject(std::unique_ptr<MemoryBackend> memory)
      : memory_(*memory), bounded_("memory", {24, 18, 12}, std::move(memory)) {}

  MemoryBackend& memory_;
  backend::BoundedBackend bounded_;
};

ContractCase Memory() {
  return {"Memory", [] { return std::make_unique<MemorySubject>(); }};
}
ContractCase Plain() {
  return {"Plain", [] { return std::make_unique<PlainSubject>(); }};
}
ContractCase Bounded() {
  return {"Bounded", [] { return std::make_unique<BoundedSubject>(); }};
}

INSTANTIATE_TEST_SUITE_P(Memory, BackendContract, ::testing::Values(Memory(), Plain(), Bounded()));
INSTANTIATE_TEST_SUITE_P(Memory, PlacesContract, ::testing::Values(Memory(), Bounded()));

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
