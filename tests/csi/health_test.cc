#include "csi/health.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/csi/gated_backend.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_backend.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::csi {
namespace {

using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::GatedBackend;
using ::nvmeof::testing::MemoryBackend;
using ::nvmeof::testing::MemoryBackendOptions;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TemporaryDirectory;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CheckFabricsDeviceTest, WantsTheKernelsDoor) {
  const TemporaryDirectory folder;
  EXPECT_OK(CheckFabricsDevice(folder.path()));
  EXPECT_THAT(CheckFabricsDevice(folder.File("nvme-fabrics")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nvme-fabrics")));
}

// Two backends, each with one place.
class CheckBackendsTest : public ::testing::Test {
 protected:
  std::vector<backend::NamedBackend> MakeBackends() {
    std::vector<backend::NamedBackend> named;
    for (const char* name : {"fast", "slow"}) {
      auto memory = std::make_unique<MemoryBackend>(
          MemoryBackendOptions{.name = name, .places = {"place-a"}});
      memory_.push_back(memory.get());
      auto gated = std::make_unique<GatedBackend>(std::move(memory), clock_);
      gates_.push_back(gated.get());
      named.push_back({name, std::move(gated)});
    }
    return named;
  }

  FakeClock clock_;
  std::vector<MemoryBackend*> memory_;
  std::vector<GatedBackend*> gates_;
  const backend::Backends backends_{MakeBackends()};
};

TEST_F(CheckBackendsTest, OneThatAnswersIsEnough) {
  EXPECT_OK(CheckBackends(backends_, clock_));
  memory_[0]->TakeDown("place-a");
  EXPECT_OK(CheckBackends(backends_, clock_));
  memory_[0]->BringUp("place-a");
  gates_[0]->Silence();
  EXPECT_OK(CheckBackends(backends_, clock_));
}

TEST(CheckBackendsOfOneTest, AsksOneThatCannotMeasure) {
  const FakeClock clock;
  auto memory = std::make_unique<MemoryBackend>(MemoryBackendOptions{
      .places = {"place-a"},
      .abilities = {.capacity = false, .several_hosts = false, .namespace_ids = false}});
  MemoryBackend& plain = *memory;
  std::vector<backend::NamedBackend> named;
  named.push_back({"plain", std::move(memory)});
  const backend::Backends backends(std::move(named));
  EXPECT_OK(CheckBackends(backends, clock));
  plain.TakeDown("place-a");
  EXPECT_THAT(CheckBackends(backends, clock), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CheckBackendsTest, NamesAllWhenNoneAnswers) {
  for (MemoryBackend* memory : memory_) memory->TakeDown("place-a");
  EXPECT_THAT(
      CheckBackends(backends_, clock_),
      StatusIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr("fast: "), HasSubstr("slow: "))));
}

TEST_F(CheckBackendsTest, TakesNoLongerThanAProbeWaits) {
  for (GatedBackend* gate : gates_) gate->Silence();
  const absl::Time start = clock_.Now();
  EXPECT_THAT(CheckBackends(backends_, clock_), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LE(clock_.Now() - start, absl::Seconds(1));
}

}  // namespace
}  // namespace nvmeof::csi
