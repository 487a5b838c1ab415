#include "backend/nvmet/nvmet_backend.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_agent.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::FakeAgent;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kGiB = std::int64_t{1} << 30;
// The calls that one Create makes at the agent that it chooses: GetVolume, GetAgent, CreateVolume.
constexpr int kTheCreate = 3;

CreateRequest NewRequest(const std::string& name = "pvc-1") {
  return {.name = name, .size = {.required_bytes = kGiB}, .fingerprint = "words", .context = {}};
}

Export WantedExport() {
  return {*volume::Nqn::Parse("nqn.2014-08.org.example:a"), ExportMode::kSingleNode, "rw"};
}

// Two agents; the first one has more room.
class NvmetBackendTest : public ::testing::Test {
 protected:
  NvmetBackendTest() {
    a_.SetRoom(20 * kGiB);
    b_.SetRoom(10 * kGiB);
  }

  absl::Time Deadline(absl::Duration left = absl::Seconds(30)) { return clock_.Now() + left; }
  // One of which a part is really waited for.
  absl::Time ShortDeadline() { return Deadline(absl::Milliseconds(900)); }

  std::string Socket(const std::string& name) { return "unix://" + directory_.File(name); }

  volume::VolumeId GivenAVolumeAtA() {
    return backend_.Create(NewRequest(), Deadline()).value().id;
  }

  testing::FakeClock clock_;
  testing::TemporaryDirectory directory_;
  FakeAgent a_{"agent-a", Socket("a.sock")};
  FakeAgent b_{"agent-b", Socket("b.sock")};
  NvmetBackend backend_{"fast", {{a_.config(), b_.config()}}, clock_};
};

TEST_F(NvmetBackendTest, PutsBackendAndAgentIntoTheId) {
  const volume::VolumeId id = GivenAVolumeAtA();
  EXPECT_EQ(id.backend, "fast");
  EXPECT_EQ(id.place, "agent-a");
  EXPECT_THAT(id.handle, SizeIs(32));
}

TEST_F(NvmetBackendTest, CreatesWhereThereIsMostRoom) {
  GivenAVolumeAtA();
  a_.SetRoom(2 * kGiB);
  EXPECT_EQ(backend_.Create(NewRequest("pvc-2"), Deadline())->id.place, "agent-b");
}

TEST_F(NvmetBackendTest, CreatesWhereTheVolumeFits) {
  a_.DistortRoom([](v1::GetAgentResponse& room) { room.set_maximum_volume_bytes(kGiB / 2); });
  EXPECT_EQ(backend_.Create(NewRequest(), Deadline())->id.place, "agent-b");
}

TEST_F(NvmetBackendTest, GoesToTheNextAgentWhenOneRefuses) {
  b_.DistortRoom([](v1::GetAgentResponse& room) {
    room.set_available_bytes(30 * kGiB);
    room.set_maximum_volume_bytes(30 * kGiB);
  });
  CreateRequest request = NewRequest();
  request.size.required_bytes = 15 * kGiB;
  EXPECT_EQ(backend_.Create(request, Deadline())->id.place, "agent-a");
  EXPECT_EQ(b_.volumes(), 0u);
}

TEST_F(NvmetBackendTest, SaysWhyEachAgentRefuses) {
  CreateRequest request = NewRequest();
  request.size.required_bytes = 50 * kGiB;
  EXPECT_THAT(backend_.Create(request, Deadline()),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("agent-a"), HasSubstr("agent-b"))));
}

TEST_F(NvmetBackendTest, FindsTheVolumeWhenTheAnswerToCreateIsLost) {
  a_.memory().FailAfterEffect(kTheCreate, absl::UnavailableError("cut"));
  const absl::StatusOr<Volume> volume = backend_.Create(NewRequest(), Deadline());
  ASSERT_OK(volume);
  EXPECT_EQ(backend_.Get(volume->id, Deadline()).value(), *volume);
  EXPECT_EQ(a_.volumes() + b_.volumes(), 1u);
}

TEST_F(NvmetBackendTest, GoesNowhereElseWhenTheOutcomeIsUnknown) {
  a_.DieAt(kTheCreate);
  EXPECT_THAT(backend_.Create(NewRequest(), Deadline()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("agent-a")));
  EXPECT_EQ(b_.volumes(), 0u);
}

TEST_F(NvmetBackendTest, GoesNowhereElseWhenTheVolumeIsNotThereYet) {
  a_.RefuseAt(kTheCreate);
  EXPECT_THAT(backend_.Create(NewRequest(), Deadline()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(a_.volumes() + b_.volumes(), 0u);
  EXPECT_OK(backend_.Create(NewRequest(), Deadline()));
}

TEST_F(NvmetBackendTest, TakesNoOtherVolumeForTheOneWhoseAnswerIsLost) {
  a_.DistortRoom([this](v1::GetAgentResponse&) {
    CreateRequest other = NewRequest();
    other.fingerprint = "other words";
    EXPECT_OK(a_.memory().Create(other, absl::InfiniteFuture()));
  });
  a_.RefuseAt(kTheCreate);
  EXPECT_THAT(backend_.Create(NewRequest(), Deadline()),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(NvmetBackendTest, GoesNowhereElseWhenACreateFails) {
  a_.memory().FailAfterEffect(kTheCreate, absl::InternalError("broken"));
  EXPECT_THAT(backend_.Create(NewRequest(), Deadline()), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(b_.volumes(), 0u);
}

TEST_F(NvmetBackendTest, CreatesNothingWhenAnAgentCannotSayWhatItHas) {
  b_.memory().FailAfterEffect(1, absl::InternalError("broken"));
  EXPECT_THAT(backend_.Create(NewRequest(), Deadline()), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(a_.volumes(), 0u);
}

TEST_F(NvmetBackendTest, FindsANameThatAnotherAgentHas) {
  GivenAVolumeAtA();
  b_.SetRoom(50 * kGiB);
  EXPECT_THAT(backend_.Create(NewRequest(), Deadline()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("agent-a")));
}

TEST_F(NvmetBackendTest, RefusesASecondCreateOfANameWhileTheFirstRuns) {
  a_.Hold();
  absl::StatusOr<Volume> first;
  std::thread running([&] { first = backend_.Create(NewRequest(), Deadline()); });
  a_.AwaitCall();
  EXPECT_THAT(backend_.Create(NewRequest(), Deadline()), StatusIs(absl::StatusCode::kAborted));
  a_.Release();
  running.join();
  EXPECT_OK(first);
}

TEST_F(NvmetBackendTest, PrefersTheLowerIdOfTwoVolumesOfOneName) {
  const volume::VolumeId first = GivenAVolumeAtA();
  ASSERT_OK(b_.memory().Create(NewRequest(), absl::InfiniteFuture()));
  EXPECT_EQ(backend_.FindByName("pvc-1", Deadline())->id, first);
}

TEST_F(NvmetBackendTest, NamesAnAgentThatNobodyAnswersFor) {
  const AgentConfig absent{"agent-x", Socket("nobody.sock")};
  NvmetBackend backend("fast", {{absent}}, clock_);
  const volume::VolumeId id{"fast", "agent-x", "00"};
  EXPECT_THAT(backend.Get(id, Deadline()),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("agent-x"), HasSubstr("nobody.sock"))));
}

TEST_F(NvmetBackendTest, NamesAnAgentThatDoesNotAnswerInTime) {
  const volume::VolumeId id = GivenAVolumeAtA();
  a_.Hold();
  EXPECT_THAT(
      backend_.Get(id, ShortDeadline()),
      StatusIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr("agent-a"), HasSubstr("a.sock"))));
}

TEST_F(NvmetBackendTest, CreatesInTimeBesideAnAgentThatIsSilent) {
  a_.Hold();
  EXPECT_EQ(backend_.Create(NewRequest(), ShortDeadline())->id.place, "agent-b");
}

TEST_F(NvmetBackendTest, ListsInTimeBesideAnAgentThatIsSilent) {
  a_.Hold();
  const absl::StatusOr<VolumeList> list = backend_.List(ShortDeadline());
  ASSERT_OK(list);
  EXPECT_THAT(list->unreachable, ElementsAre("agent-a"));
}

TEST_F(NvmetBackendTest, LogsOnceThatAnAgentFellSilent) {
  a_.TakeDown();
  ::testing::internal::CaptureStderr();
  for (int look = 0; look < 3; ++look) EXPECT_OK(backend_.List(Deadline()));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1);
}

TEST_F(NvmetBackendTest, AsksNobodyWhenThereIsNoTimeLeft) {
  EXPECT_THAT(backend_.Create(NewRequest(), clock_.Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(backend_.List(clock_.Now()), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(NvmetBackendTest, WaitsForeverForNobody) {
  EXPECT_OK(backend_.List(absl::InfiniteFuture()));
}

TEST_F(NvmetBackendTest, ComesBackToAnAgentThatRestarted) {
  const volume::VolumeId id = GivenAVolumeAtA();
  a_.Stop();
  a_.Start();
  EXPECT_OK(backend_.Get(id, Deadline()));
}

TEST_F(NvmetBackendTest, AsksAgainWhenTheConnectionHadDied) {
  FakeAgent agent("agent-tcp", "127.0.0.1:0");
  NvmetBackend backend("fast", {{agent.config()}}, clock_);
  ASSERT_OK(backend.List(Deadline()));
  agent.DropConnections();
  EXPECT_OK(backend.List(Deadline()));
}

TEST_F(NvmetBackendTest, AsksOnceWhereTheAgentItselfSaysNo) {
  const volume::VolumeId id = GivenAVolumeAtA();
  const int before = a_.calls();
  a_.RefuseAt(1);
  EXPECT_THAT(backend_.Get(id, Deadline()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(a_.calls(), before + 1);
}

TEST_F(NvmetBackendTest, LeavesAnAgentThatShowsGarbageOutOfTheList) {
  GivenAVolumeAtA();
  a_.Distort([](v1::Volume& volume) { volume.clear_portals(); });
  EXPECT_THAT(backend_.List(Deadline())->unreachable, ElementsAre("agent-a"));
}

TEST_F(NvmetBackendTest, NamesAnAgentThatShowsGarbage) {
  const volume::VolumeId id = GivenAVolumeAtA();
  a_.Distort([](v1::Volume& volume) { volume.set_subsystem_nqn("garbage"); });
  const auto internal = StatusIs(absl::StatusCode::kInternal, HasSubstr("agent-a"));
  EXPECT_THAT(backend_.Get(id, Deadline()), internal);
  EXPECT_THAT(backend_.FindByName("pvc-1", Deadline()), internal);
  EXPECT_THAT(backend_.ExportTo(id, WantedExport(), Deadline()), internal);
}

TEST_F(NvmetBackendTest, NeverTakesAnotherVolumeForTheOneThatWasMeant) {
  const volume::VolumeId id = GivenAVolumeAtA();
  a_.Distort([](v1::Volume& volume) { volume.set_handle("another"); });
  EXPECT_THAT(backend_.Get(id, Deadline()), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(backend_.ExportTo(id, WantedExport(), Deadline()),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(NvmetBackendTest, DoesNotBelieveASizeThatIsTooSmall) {
  const volume::VolumeId id = GivenAVolumeAtA();
  a_.DistortSize([](v1::ExpandVolumeResponse& response) { response.set_size_bytes(kGiB); });
  EXPECT_THAT(backend_.Expand(id, {2 * kGiB, 0}, Deadline()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("agent-a")));
}

// gRPC takes four MiB unless told otherwise.
TEST_F(NvmetBackendTest, TakesALongList) {
  GivenAVolumeAtA();
  a_.Distort([](v1::Volume& volume) { volume.set_fingerprint(std::string(5 << 20, 'f')); });
  EXPECT_THAT(backend_.List(Deadline())->volumes, SizeIs(1));
}

TEST_F(NvmetBackendTest, LeavesAnAgentWithImpossibleRoomOut) {
  a_.DistortRoom([](v1::GetAgentResponse& room) { room.set_available_bytes(-1); });
  EXPECT_EQ(backend_.Create(NewRequest(), Deadline())->id.place, "agent-b");
  EXPECT_EQ(backend_.GetCapacity({volume::Provisioning::kThin}, Deadline())->available_bytes,
            9 * kGiB);
}

// Agent a is reached from one zone, agent b from another.
class NvmetZonesTest : public NvmetBackendTest {
 protected:
  static AgentConfig In(AgentConfig agent, const std::string& zone) {
    agent.reachable_from = Zone(zone);
    return agent;
  }
  static volume::Segments Zone(const std::string& zone) { return {{"zone", zone}}; }

  absl::StatusOr<Volume> CreateFor(volume::AccessibilityRequirement wanted,
                                   const std::string& name = "pvc-1") {
    CreateRequest request = NewRequest(name);
    request.accessibility = std::move(wanted);
    return zones_.Create(request, Deadline());
  }

  NvmetBackend zones_{"fast", {{In(a_.config(), "a"), In(b_.config(), "b")}}, clock_};
};

TEST_F(NvmetZonesTest, SaysThatNotAllNodesReachAllPlaces) {
  EXPECT_TRUE(zones_.abilities().places);
  EXPECT_FALSE(backend_.abilities().places);
}

TEST_F(NvmetZonesTest, CreatesWhereTheVolumeIsReached) {
  const absl::StatusOr<Volume> volume = CreateFor({.requisite = {Zone("c"), Zone("b")}});
  ASSERT_OK(volume);
  EXPECT_EQ(volume->id.place, "agent-b");
  EXPECT_EQ(volume->reachable_from, Zone("b"));
  EXPECT_EQ(zones_.Get(volume->id, Deadline())->reachable_from, Zone("b"));
  EXPECT_EQ(zones_.List(Deadline())->volumes.front().reachable_from, Zone("b"));
}

TEST_F(NvmetZonesTest, CreatesWhereItIsPreferredAsLongAsThereIsRoom) {
  const volume::AccessibilityRequirement wanted = {.requisite = {Zone("a"), Zone("b")},
                                                   .preferred = {Zone("b"), Zone("a")}};
  EXPECT_EQ(CreateFor(wanted)->id.place, "agent-b");
  b_.SetRoom(0);
  EXPECT_EQ(CreateFor(wanted, "pvc-2")->id.place, "agent-a");
}

TEST_F(NvmetZonesTest, HasNoRoomWhereNoAgentIsReached) {
  EXPECT_THAT(CreateFor({.requisite = {Zone("c")}}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("{zone=c}")));
}

// Its room would be elsewhere for good.
TEST_F(NvmetZonesTest, WaitsForTheAgentThatIsReachedAndDown) {
  b_.TakeDown();
  EXPECT_THAT(CreateFor({.requisite = {Zone("b")}}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("agent-b")));
}

TEST_F(NvmetZonesTest, TellsTheRoomOfAZone) {
  const auto room_of = [&](const volume::Segments& from) {
    return zones_.GetCapacity({.from = from}, Deadline())->available_bytes;
  };
  EXPECT_EQ(room_of(Zone("a")), 20 * kGiB);
  EXPECT_EQ(room_of(Zone("b")), 10 * kGiB);
  EXPECT_EQ(room_of(Zone("c")), 0);
  EXPECT_EQ(room_of({}), 30 * kGiB);
}

TEST_F(NvmetBackendTest, AddsUpTheRoomOfAllAgents) {
  const absl::StatusOr<Capacity> capacity =
      backend_.GetCapacity({volume::Provisioning::kThin}, Deadline());
  ASSERT_OK(capacity);
  EXPECT_EQ(capacity->available_bytes, 30 * kGiB);
  EXPECT_EQ(capacity->maximum_volume_bytes, 20 * kGiB);
}

TEST_F(NvmetBackendTest, DoesNotOverflowOverTheRoomOfAllAgents) {
  const auto huge = [](v1::GetAgentResponse& room) {
    room.set_available_bytes(std::numeric_limits<std::int64_t>::max());
  };
  a_.DistortRoom(huge);
  b_.DistortRoom(huge);
  EXPECT_EQ(backend_.GetCapacity({volume::Provisioning::kThin}, Deadline())->available_bytes,
            std::numeric_limits<std::int64_t>::max());
}

TEST_F(NvmetBackendTest, ShowsThePortalsAsTheyAreNow) {
  const volume::VolumeId id = GivenAVolumeAtA();
  const volume::Portal moved{"tcp", "198.51.100.7", "4420"};
  a_.memory().SetPortals({moved});
  EXPECT_THAT(backend_.ExportTo(id, WantedExport(), Deadline())->target.portals,
              ElementsAre(moved));
}

TEST_F(NvmetBackendTest, KnowsNoVolumeOfAnotherBackend) {
  volume::VolumeId id = GivenAVolumeAtA();
  id.backend = "slow";
  EXPECT_THAT(backend_.Get(id, Deadline()), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::backend
