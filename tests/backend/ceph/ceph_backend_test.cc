#include "backend/ceph/ceph_backend.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/ceph/ceph_names.h"
#include "backend/idempotent_backend.h"
#include "backend/words.h"
#include "base/units.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::base::kMiB;
using ::nvmeof::testing::FakeCeph;
using ::nvmeof::testing::FakeCephKeys;
using ::nvmeof::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class CephBackendTest : public ::testing::Test {
 protected:
  static volume::Nqn Host(const std::string& name) {
    return *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:" + name);
  }
  CreateRequest Request() const {
    return {.name = "pvc-1",
            .size = {.required_bytes = 16 * kMiB},
            .fingerprint = "words",
            .context = {{"minPaths", "1"}}};
  }
  Export Wanted() const { return {Host("a"), ExportMode::kSingleNode, "rw"}; }

  absl::Time Deadline() const { return clock_.Now() + absl::Minutes(1); }
  Volume GivenAVolume() { return backend_.Create(Request(), Deadline()).value(); }
  Volume GivenAnExport() {
    return backend_.ExportTo(GivenAVolume().id, Wanted(), Deadline()).value();
  }
  static std::string Nqn(const Volume& volume) { return volume.target.subsystem.text(); }

  testing::FakeClock clock_;
  const testing::TemporaryDirectory directory_;
  FakeCeph ceph_{directory_.path(), FakeCeph::TwoGateways()};
  CephBackend backend_{"ceph", ceph_.config(), clock_};
  IdempotentBackend idempotent_{backend_};
};

TEST_F(CephBackendTest, MakesASubsystemWithAnImageThatGoesWithIt) {
  const Volume volume = GivenAVolume();
  const auto subsystems = ceph_.subsystems();
  ASSERT_THAT(subsystems, SizeIs(1));
  EXPECT_EQ(subsystems.begin()->first, Nqn(volume)) << "without the name of the group";
  const auto& subsystem = subsystems.begin()->second;
  ASSERT_THAT(subsystem.namespaces, SizeIs(1));
  EXPECT_EQ(subsystem.namespaces.at(1).uuid, volume.target.identity.uuid->Dashed());
  EXPECT_TRUE(subsystem.namespaces.at(1).trash);
  EXPECT_EQ(ceph_.images().at(subsystem.namespaces.at(1).image), 16 * kMiB);
  ASSERT_OK(backend_.Delete(volume.id, Deadline()));
  EXPECT_THAT(ceph_.images(), IsEmpty());
  EXPECT_THAT(ceph_.subsystems(), IsEmpty());
}

TEST_F(CephBackendTest, LetsOneHostInAtEveryGateway) {
  const Volume volume = GivenAnExport();
  EXPECT_THAT(ceph_.subsystems()[Nqn(volume)].listeners,
              UnorderedElementsAre("ceph-a 192.0.2.1:4420", "ceph-b 192.0.2.2:4420"));
  for (const std::size_t gateway : {0u, 1u}) {
    EXPECT_TRUE(ceph_.ConnectHost(gateway, Nqn(volume), Host("a").text()));
    EXPECT_FALSE(ceph_.ConnectHost(gateway, Nqn(volume), Host("b").text()));
  }
}

TEST_F(CephBackendTest, AGatewayThatIsDownListensWhenItIsBack) {
  ceph_.Stop(0);
  const Volume volume = GivenAnExport();
  EXPECT_THAT(volume.target.portals, SizeIs(2));
  ceph_.Start(0);
  EXPECT_TRUE(ceph_.ConnectHost(0, Nqn(volume), Host("a").text()));
}

TEST_F(CephBackendTest, ANameThatADeleteLeftGetsANewIdentity) {
  const Volume first = GivenAVolume();
  // Gone but for the subsystem, and its image stayed in the pool, with its data.
  const std::string image = ceph_.subsystems()[Nqn(first)].namespaces.at(1).image;
  ceph_.Meddle(Nqn(first), [](auto& subsystem) { subsystem.namespaces.clear(); });
  const Volume second = GivenAVolume();
  EXPECT_NE(second.target.identity.uuid, first.target.identity.uuid);
  EXPECT_NE(ceph_.subsystems()[Nqn(second)].namespaces.at(1).image, image);
  EXPECT_THAT(ceph_.subsystems(), SizeIs(1));
}

TEST_F(CephBackendTest, UnexportWaitsForEveryGateway) {
  const Volume volume = GivenAnExport();
  ASSERT_TRUE(ceph_.ConnectHost(0, Nqn(volume), Host("a").text()));
  ASSERT_TRUE(ceph_.ConnectHost(1, Nqn(volume), Host("a").text()));
  ceph_.Lag(1, true);
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), clock_.Now() + absl::Seconds(5)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("still serves")));
  ceph_.Lag(1, false);
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), clock_.Now() + absl::Seconds(5)),
              StatusIs(absl::StatusCode::kDeadlineExceeded))
      << "it does not let the host in, and still has a connection of it";
}

TEST_F(CephBackendTest, UnexportEndsConnections) {
  const Volume volume = GivenAnExport();
  ASSERT_TRUE(ceph_.ConnectHost(0, Nqn(volume), Host("a").text()));
  ASSERT_TRUE(ceph_.ConnectHost(1, Nqn(volume), Host("a").text()));
  EXPECT_OK(backend_.Unexport(volume.id, Host("a"), Deadline()));
  EXPECT_FALSE(ceph_.ConnectHost(1, Nqn(volume), Host("a").text()));
}

TEST_F(CephBackendTest, UnexportDoesNotVouchForAGatewayThatIsDown) {
  const Volume volume = GivenAnExport();
  ceph_.Stop(1);
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), Deadline()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("gateway-1")));
  EXPECT_FALSE(ceph_.ConnectHost(0, Nqn(volume), Host("a").text()));
}

TEST_F(CephBackendTest, TheLockOfTheGroupIsNotMistakenForAHostThatIsOut) {
  const Volume volume = GivenAnExport();
  ceph_.Lock(1);
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), Deadline()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lock")));
  EXPECT_OK(backend_.Unexport(volume.id, Host("a"), Deadline()));
}

// The controller went over to a gateway that had not heard of the first export.
TEST_F(CephBackendTest, AGatewayThatLagsDoesNotLetASecondHostIn) {
  const Volume volume = GivenAVolume();
  ceph_.Lag(0, true);
  ceph_.Meddle(Nqn(volume), [&](auto& subsystem) { subsystem.hosts.push_back(Host("b").text()); });
  EXPECT_THAT(backend_.ExportTo(volume.id, Wanted(), Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Host("b").text())));
  EXPECT_THAT(ceph_.subsystems()[Nqn(volume)].hosts, UnorderedElementsAre(Host("b").text()));
}

TEST_F(CephBackendTest, AGatewayThatStartsDoesNotKnowWhatIsAbsent) {
  const Volume volume = GivenAVolume();
  ceph_.Restoring(0, true);
  const auto unavailable = StatusIs(absl::StatusCode::kUnavailable, HasSubstr("restored"));
  EXPECT_THAT(backend_.Get(volume.id, Deadline()), unavailable);
  EXPECT_THAT(backend_.Delete(volume.id, Deadline()), unavailable);
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), Deadline()), unavailable);
  EXPECT_THAT(backend_.FindByName("pvc-1", Deadline()), unavailable);
  EXPECT_THAT(backend_.Create(Request(), Deadline()), unavailable);
  EXPECT_THAT(backend_.List(Deadline()), unavailable);
  ceph_.Restoring(0, false);
  EXPECT_OK(backend_.Get(volume.id, Deadline()));
}

TEST_F(CephBackendTest, UnexportOfOneHostLeavesTheOther) {
  const Volume volume = GivenAVolume();
  for (const char* host : {"a", "b"}) {
    ASSERT_OK(backend_.ExportTo(volume.id, {Host(host), ExportMode::kMultiNode, "rw"}, Deadline()));
  }
  ASSERT_OK(backend_.Unexport(volume.id, Host("a"), Deadline()));
  EXPECT_FALSE(ceph_.ConnectHost(0, Nqn(volume), Host("a").text()));
  EXPECT_TRUE(ceph_.ConnectHost(0, Nqn(volume), Host("b").text()));
  EXPECT_THAT(ceph_.subsystems()[Nqn(volume)].hosts, SizeIs(2)) << "the host and its note";
}

TEST_F(CephBackendTest, RemembersHowAHostWasLetIn) {
  const volume::VolumeId id = GivenAnExport().id;
  Export other = Wanted();
  EXPECT_OK(idempotent_.ExportOrGet(id, other, Deadline()));
  other.fingerprint = "ro";
  EXPECT_THAT(idempotent_.ExportOrGet(id, other, Deadline()),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

constexpr char kKey[] = "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:";
constexpr char kOtherKey[] = "DHHC-1:01:NGC+MSAeaf7aoO7ouZl/XHwpmf2v5ZMlPNZUr0361xSMgv0d:";

TEST_F(CephBackendTest, AsksTheHostForTheKeysThatItWasGivenLast) {
  const Volume volume = GivenAVolume();
  Export wanted = Wanted();
  wanted.keys = {*volume::DhchapKey::Parse("", kKey), *volume::DhchapKey::Parse("", kOtherKey)};
  ASSERT_OK(idempotent_.ExportOrGet(volume.id, wanted, Deadline()));
  const auto keys = [&] { return ceph_.subsystems()[Nqn(volume)].keys; };
  EXPECT_THAT(keys(), ElementsAre(Pair(Host("a").text(), FakeCephKeys{kKey, kOtherKey})));

  wanted.keys = {*volume::DhchapKey::Parse("", kOtherKey)};
  ASSERT_OK(idempotent_.ExportOrGet(volume.id, wanted, Deadline()));
  EXPECT_THAT(keys(), ElementsAre(Pair(Host("a").text(), FakeCephKeys{kOtherKey, ""})));

  ASSERT_OK(backend_.Unexport(volume.id, Host("a"), Deadline()));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(CephBackendTest, RefusesAHostThatTheGatewayCannotName) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(backend_.ExportTo(volume.id, {Host("a_b"), ExportMode::kSingleNode, ""}, Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'_'")));
}

// A subsystem and an image with names of our form that no volume of ours has.
TEST_F(CephBackendTest, NeverTouchesWhatIsNotOurs) {
  const volume::Uuid uuid = volume::Uuid::Random();
  const std::string nqn = volume::NqnOfVolume(uuid).text();
  const std::string ours = FormatImageName({uuid, DigestOf("pvc-1"), DigestOf("words")});
  const std::vector<testing::FakeCephNamespace> foreign = {
      {"rbd", "somebodys", uuid.Dashed(), true},
      {"other-pool", ours, uuid.Dashed(), true},
      {"rbd", ours, volume::Uuid::Random().Dashed(), true},
      {"rbd", FormatImageName({volume::Uuid::Random(), DigestOf("pvc-1"), DigestOf("words")}),
       uuid.Dashed(), true}};
  const volume::VolumeId id = {"ceph", "rbd", uuid.Hex()};
  for (const testing::FakeCephNamespace& ns : foreign) {
    ceph_.Meddle(nqn, [&](auto& subsystem) { subsystem = {"s", {{1, ns}}, {}, {}, false}; });
    const auto before = ceph_.subsystems();
    EXPECT_THAT(backend_.List(Deadline())->volumes, IsEmpty());
    // Not NotFound, with which an Unexport would be done although the subsystem may let hosts in.
    const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(ns.image));
    EXPECT_THAT(backend_.Get(id, Deadline()), refused);
    EXPECT_THAT(backend_.Delete(id, Deadline()), refused);
    EXPECT_THAT(backend_.ExportTo(id, Wanted(), Deadline()), refused);
    EXPECT_THAT(idempotent_.Unexport(id, Host("a"), Deadline()), refused);
    EXPECT_EQ(ceph_.subsystems(), before);
  }
}

TEST_F(CephBackendTest, RefusesANameWhoseSerialNumberIsTaken) {
  ceph_.Meddle("nqn.2016-06.io.spdk:theirs",
               [](auto& subsystem) { subsystem.serial = SerialOf("rbd", "pvc-1"); });
  EXPECT_THAT(backend_.Create(Request(), Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("theirs")));
  EXPECT_THAT(ceph_.subsystems(), SizeIs(1));
  EXPECT_THAT(ceph_.images(), IsEmpty());
}

TEST_F(CephBackendTest, RefusesASubsystemThatSomebodyChanged) {
  const std::vector<std::function<void(FakeCeph::Subsystem&)>> meddling = {
      [](FakeCeph::Subsystem& subsystem) { subsystem.allow_any_host = true; },
      [](FakeCeph::Subsystem& subsystem) {
        subsystem.namespaces[2] = {"rbd", "somebodys", volume::Uuid::Random().Dashed(), false};
      },
      [](FakeCeph::Subsystem& subsystem) { subsystem.hosts.emplace_back("nqn.2016-06.io:a,b"); }};
  const Volume volume = GivenAVolume();
  const FakeCeph::Subsystem whole = ceph_.subsystems()[Nqn(volume)];
  for (const auto& meddle : meddling) {
    ceph_.Meddle(Nqn(volume), meddle);
    const auto before = ceph_.subsystems();
    for (const absl::Status& status : {backend_.ExportTo(volume.id, Wanted(), Deadline()).status(),
                                       backend_.Unexport(volume.id, Host("a"), Deadline()),
                                       backend_.Delete(volume.id, Deadline())}) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("somebody")));
    }
    EXPECT_EQ(ceph_.subsystems(), before);
    EXPECT_OK(backend_.List(Deadline()));
    ceph_.Meddle(Nqn(volume), [&](FakeCeph::Subsystem& subsystem) { subsystem = whole; });
  }
}

TEST_F(CephBackendTest, NeverShrinks) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(
      backend_.Expand(volume.id, {.required_bytes = 1, .limit_bytes = 8 * kMiB}, Deadline()),
      StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("never shrinks")));
  EXPECT_THAT(ceph_.calls(), Not(Contains("0 namespace_resize")));
}

TEST_F(CephBackendTest, AMissingPoolIsNamed) {
  CephConfig config = ceph_.config();
  config.pool = "nowhere";
  CephBackend elsewhere("ceph", config, clock_);
  EXPECT_THAT(elsewhere.Create(Request(), Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("pool")));
  EXPECT_THAT(ceph_.subsystems(), IsEmpty());
}

TEST_F(CephBackendTest, PoolsHaveNamesOfTheirOwn) {
  GivenAVolume();
  CephConfig config = ceph_.config();
  config.pool = "other";
  CephBackend elsewhere("ceph", config, clock_);
  EXPECT_THAT(elsewhere.FindByName("pvc-1", Deadline()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(elsewhere.List(Deadline())->volumes, IsEmpty());
}

TEST_F(CephBackendTest, RefusesThickVolumes) {
  CreateRequest request = Request();
  request.provisioning = volume::Provisioning::kThick;
  EXPECT_THAT(backend_.Create(request, Deadline()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("thin")));
}

TEST_F(CephBackendTest, AnswersInTheWordsOfTheRequest) {
  const Volume made = idempotent_.CreateOrGet(Request(), Deadline()).value();
  EXPECT_EQ(made.context, Request().context);
  EXPECT_EQ(idempotent_.CreateOrGet(Request(), Deadline()).value(), made);
  CreateRequest other = Request();
  other.fingerprint = "other words";
  EXPECT_THAT(idempotent_.CreateOrGet(other, Deadline()),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

}  // namespace
}  // namespace nvmeof::backend
