#include "backend/backends.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/memory_backend.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::MemoryBackend;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

class BackendsTest : public ::testing::Test {
 protected:
  static Backends Two() {
    std::vector<NamedBackend> backends;
    backends.push_back({"fast", std::make_unique<MemoryBackend>()});
    backends.push_back({"slow", std::make_unique<MemoryBackend>()});
    return Backends(std::move(backends));
  }

  const Backends backends_ = Two();
  Backend* const slow_ = backends_.all()[1].backend.get();
};

TEST_F(BackendsTest, FindsByName) {
  EXPECT_THAT(backends_.Find("fast"), IsOkAndHolds(backends_.all().data()));
  EXPECT_THAT(backends_.Find("slow"), IsOkAndHolds(&backends_.all()[1]));
}

TEST_F(BackendsTest, TakesTheFirstWhenNoneIsNamed) {
  EXPECT_THAT(backends_.Find(""), IsOkAndHolds(backends_.all().data()));
}

TEST_F(BackendsTest, RefusesAnUnknownNameWithTheNamesThereAre) {
  EXPECT_THAT(backends_.Find("fats"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fast, slow")));
}

TEST_F(BackendsTest, FindsTheOwnerOfAVolume) {
  EXPECT_THAT(backends_.FindOwner({"slow", "place-a", "00"}), IsOkAndHolds(slow_));
}

TEST_F(BackendsTest, KnowsNoOwnerOfAForeignVolume) {
  EXPECT_THAT(backends_.FindOwner({"gone", "place-a", "00"}),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::backend
