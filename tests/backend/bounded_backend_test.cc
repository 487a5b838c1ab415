#include "backend/bounded_backend.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/backend/held_backend.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::HeldBackend;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kAnswered = absl::StatusCode::kNotFound;  // by the storage system
constexpr auto kRefused = absl::StatusCode::kUnavailable;

using Ask = std::function<absl::Status(Backend&)>;

const absl::Time kNoEnd = absl::InfiniteFuture();

Ask Get(const std::string& place) {
  return [place](Backend& backend) { return backend.Get({"fast", place, "1"}, kNoEnd).status(); };
}
absl::Status List(Backend& backend) { return backend.List(kNoEnd).status(); }
absl::Status Measure(Backend& backend) { return backend.GetCapacity({}, kNoEnd).status(); }
absl::Status Find(Backend& backend) { return backend.FindByName("pvc-1", kNoEnd).status(); }

struct Row {
  std::string name;
  Ask ask;
};

std::vector<Row> EveryCall() {
  static const auto* const kId = new volume::VolumeId{"fast", "place-a", "1"};
  static const auto* const kExport =
      new Export{*volume::Nqn::Parse("nqn.2014-08.org.example:a"), ExportMode::kSingleNode, "rw"};
  return {
      {"Create", [](Backend& b) { return b.Create(CreateRequest(), kNoEnd).status(); }},
      {"FindByName", Find},
      {"Get", Get("place-a")},
      {"List", List},
      {"Delete", [](Backend& b) { return b.Delete(*kId, kNoEnd); }},
      {"Expand", [](Backend& b) { return b.Expand(*kId, {}, kNoEnd).status(); }},
      {"ExportTo", [](Backend& b) { return b.ExportTo(*kId, *kExport, kNoEnd).status(); }},
      {"Unexport", [](Backend& b) { return b.Unexport(*kId, kExport->host, kNoEnd); }},
      {"GetCapacity", Measure},
  };
}

// A storage system that hangs behind bounds, and callers that wait for it.
class Scene {
 public:
  explicit Scene(CallBounds bounds) : Scene(bounds, std::make_unique<HeldBackend>()) {}
  ~Scene() { Release(); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  // Each on a thread of its own; returns when all of them have reached the storage system.
  void Begin(int calls, const Ask& ask) {
    for (int i = 0; i < calls; ++i) {
      callers_.emplace_back([this, ask] { EXPECT_THAT(ask(bounded_), StatusIs(kAnswered)); });
    }
    ASSERT_TRUE(held_.AwaitCalls(static_cast<int>(callers_.size())));
  }

  absl::Status Try(const Ask& ask) { return ask(bounded_); }

  // The storage system answers, and everybody has heard it.
  void Release() {
    held_.Release();
    for (std::thread& caller : callers_) caller.join();
    callers_.clear();
  }

 private:
  Scene(CallBounds bounds, std::unique_ptr<HeldBackend> held)
      : held_(*held), bounded_("fast", bounds, std::move(held)) {}

  HeldBackend& held_;
  BoundedBackend bounded_;
  std::vector<std::thread> callers_;
};

TEST(BoundedBackendTest, RefusesEveryCallOverTheBoundUntilOthersEnd) {
  for (const auto& [name, ask] : EveryCall()) {
    SCOPED_TRACE(name);
    Scene scene({.all = 2, .about_volumes = 2, .at_one_place = 2});
    scene.Begin(2, ask);
    for (const Row& other : EveryCall()) {
      SCOPED_TRACE(other.name);
      ASSERT_THAT(scene.Try(other.ask),
                  StatusIs(kRefused, AllOf(HasSubstr("backend fast"), HasSubstr("2 calls"))));
    }
    scene.Release();
    for (const Row& other : EveryCall()) EXPECT_THAT(scene.Try(other.ask), StatusIs(kAnswered));
  }
}

TEST(BoundedBackendTest, KeepsRoomForTheLooksThatTellWhetherItWorks) {
  Scene scene({.all = 4, .about_volumes = 2, .at_one_place = 2});
  scene.Begin(2, Get("place-a"));
  EXPECT_THAT(scene.Try(Find), StatusIs(kRefused));
  scene.Begin(1, List);
  scene.Begin(1, Measure);
  EXPECT_THAT(scene.Try(List), StatusIs(kRefused));
}

TEST(BoundedBackendTest, KeepsRoomForOtherPlaces) {
  Scene scene({.all = 6, .about_volumes = 6, .at_one_place = 2});
  scene.Begin(2, Get("place-a"));
  EXPECT_THAT(scene.Try(Get("place-a")), StatusIs(kRefused, HasSubstr("place-a")));
  scene.Begin(2, Get("place-b"));
  scene.Begin(2, Find);
  EXPECT_THAT(scene.Try(Get("place-c")), StatusIs(kRefused));
}

TEST(BoundedBackendTest, KeepsRoomAtPlacesForNewVolumes) {
  Scene scene({.all = 6, .about_volumes = 6, .at_one_place = 2});
  scene.Begin(2, Find);
  EXPECT_THAT(scene.Try(Find), StatusIs(kRefused));
  scene.Begin(2, Get("place-a"));
}

TEST(BoundedBackendTest, TellsTheAbilitiesOfItsStorageSystem) {
  const Abilities abilities = {.capacity = false, .several_hosts = false, .keys = true};
  const BoundedBackend bounded("fast", {1, 1, 1}, std::make_unique<HeldBackend>(abilities));
  EXPECT_EQ(bounded.abilities(), abilities);
}

}  // namespace
}  // namespace nvmeof::backend
