// At every request of each call of RouterosBackend something goes wrong; the same call then
// completes the work, and nothing is left over.

#include <cstddef>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/words.h"
#include "tests/backend/routeros/routeros_world.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::FakeRouteros;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RouterosCrashTest : public RouterosWorld,
                          public ::testing::WithParamInterface<FakeRouteros::Fault> {
 protected:
  // `check` looks at what a call left that was repeated until it was OK, and undoes it.
  void Converges(const std::function<absl::Status()>& call, const std::function<void()>& check) {
    for (int n = 1; n < 60; ++n) {
      SCOPED_TRACE(n);
      const int before = router_.requests();
      router_.FailAt(n, GetParam());
      const absl::Status first = call();
      const int made = router_.requests() - before;
      router_.FailAt(0, GetParam());
      if (made < n) {
        EXPECT_OK(first);
        EXPECT_GT(n, 3) << "it asks for something";
        return;
      }
      if (!first.ok()) {
        EXPECT_OK(call());
      }
      check();
    }
    FAIL() << "it never ends";
  }

  void ExpectNothingLeft() {
    EXPECT_THAT(router_.disks(), IsEmpty());
    EXPECT_THAT(router_.files(), IsEmpty());
  }
};

TEST_P(RouterosCrashTest, Create) {
  Converges([this] { return idempotent_.CreateOrGet(Request(), deadline_).status(); },
            [this] {
              EXPECT_THAT(router_.disks(), SizeIs(1));
              EXPECT_THAT(router_.files(), SizeIs(1));
              const Volume volume = backend_.FindByName("pvc-1", deadline_).value();
              EXPECT_EQ(volume.size_bytes, 16 * base::kMiB);
              EXPECT_TRUE(SameWords(volume.fingerprint, Request().fingerprint));
              ASSERT_OK(backend_.Delete(volume.id, deadline_));
            });
}

TEST_P(RouterosCrashTest, ExportTo) {
  const Volume volume = GivenAVolume();
  const std::string nqn = volume.target.subsystem.text();
  Converges([&] { return idempotent_.ExportOrGet(volume.id, Wanted(), deadline_).status(); },
            [&] {
              EXPECT_TRUE(router_.ConnectHost(nqn, Host("a").text()));
              EXPECT_FALSE(router_.ConnectHost(nqn, Host("b").text()));
              EXPECT_OK(idempotent_.ExportOrGet(volume.id, Wanted(), deadline_));
              ASSERT_OK(backend_.Unexport(volume.id, Host("a"), deadline_));
            });
}

TEST_P(RouterosCrashTest, Unexport) {
  const Volume volume = GivenAnExport();
  const std::string nqn = volume.target.subsystem.text();
  ASSERT_TRUE(router_.ConnectHost(nqn, Host("a").text()));
  Converges([&] { return idempotent_.Unexport(volume.id, Host("a"), deadline_); },
            [&] {
              EXPECT_THAT(router_.Connected(nqn), IsEmpty());
              EXPECT_FALSE(router_.ConnectHost(nqn, Host("a").text()));
              EXPECT_THAT(backend_.Get(volume.id, deadline_)->exports, IsEmpty());
              ASSERT_OK(backend_.ExportTo(volume.id, Wanted(), deadline_));
              ASSERT_TRUE(router_.ConnectHost(nqn, Host("a").text()));
            });
}

TEST_P(RouterosCrashTest, Expand) {
  const volume::VolumeId id = GivenAnExport().id;
  std::int64_t wanted = 32 * base::kMiB;
  Converges(
      [&] {
        return backend_.Expand(id, {.required_bytes = wanted, .limit_bytes = wanted}, deadline_)
            .status();
      },
      [&] {
        EXPECT_EQ(backend_.Get(id, deadline_)->size_bytes, wanted);
        wanted += 16 * base::kMiB;
      });
}

TEST_P(RouterosCrashTest, Delete) {
  volume::VolumeId id = GivenAVolume().id;
  Converges([&] { return idempotent_.Delete(id, deadline_); },
            [&] {
              ExpectNothingLeft();
              id = GivenAVolume().id;
            });
}

// The controller that began is gone, and nobody repeats its CreateVolume: the next volume of the
// name finds what it left.
TEST_P(RouterosCrashTest, CreateOfAnotherController) {
  Converges(
      [this] { return idempotent_.CreateOrGet(Request(), deadline_).status(); },
      [this] {
        RouterosBackend other(
            "rose", {.router = {}, .disk = "raid1", .portals = {{"tcp", "192.0.2.1", "4421"}}},
            router_.Connect(), clock_);
        const Volume volume = IdempotentBackend(other).CreateOrGet(Request(), deadline_).value();
        EXPECT_THAT(router_.files(), SizeIs(1));
        ASSERT_OK(other.Delete(volume.id, deadline_));
        ExpectNothingLeft();
      });
}

INSTANTIATE_TEST_SUITE_P(Faults, RouterosCrashTest,
                         ::testing::Values(FakeRouteros::Fault::kLost,
                                           FakeRouteros::Fault::kAnswerLost,
                                           FakeRouteros::Fault::kRefused,
                                           FakeRouteros::Fault::kRefusedInPart),
                         [](const ::testing::TestParamInfo<FakeRouteros::Fault>& fault) {
                           switch (fault.param) {
                             case FakeRouteros::Fault::kLost:
                               return "Lost";
                             case FakeRouteros::Fault::kAnswerLost:
                               return "AnswerLost";
                             case FakeRouteros::Fault::kRefused:
                               return "Refused";
                             case FakeRouteros::Fault::kRefusedInPart:
                               return "RefusedInPart";
                           }
                           return "";
                         });

}  // namespace
}  // namespace nvmeof::backend
