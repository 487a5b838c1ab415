#include "backend/spdk/spdk_backend.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/idempotent_backend.h"
#include "backend/words.h"
#include "base/units.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_spdk.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::base::kMiB;
using ::nvmeof::testing::FakeSpdk;
using ::nvmeof::testing::IsOk;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class SpdkBackendTest : public ::testing::Test {
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

  Volume GivenAVolume() { return backend_.Create(Request(), deadline_).value(); }
  Volume GivenAnExport() {
    return backend_.ExportTo(GivenAVolume().id, Wanted(), deadline_).value();
  }

  static SpdkConfig Config() {
    return {.socket = "/unused",
            .lvol_store = "store",
            .portals = {{"tcp", "192.0.2.1", "4420"}, {"tcp", "192.0.2.2", "4420"}}};
  }

  const absl::Time deadline_ = absl::InfiniteFuture();
  testing::FakeClock clock_;
  FakeSpdk spdk_;
  SpdkBackend backend_{"fast", Config(), spdk_.Connect(), clock_};
  IdempotentBackend idempotent_{backend_};
};

TEST_F(SpdkBackendTest, MakesASubsystemThatLetsInOneHost) {
  const Volume volume = GivenAnExport();
  const auto subsystems = spdk_.subsystems();
  ASSERT_THAT(subsystems, SizeIs(1));
  const auto& [nqn, subsystem] = *subsystems.begin();
  EXPECT_EQ(nqn, volume.target.subsystem.text());
  EXPECT_EQ(subsystem.bdev, volume.target.identity.uuid->Dashed());
  EXPECT_THAT(subsystem.listeners, UnorderedElementsAre("192.0.2.1:4420", "192.0.2.2:4420"));
  EXPECT_TRUE(spdk_.ConnectHost(nqn, Host("a").text()));
  EXPECT_FALSE(spdk_.ConnectHost(nqn, Host("b").text()));
}

TEST_F(SpdkBackendTest, ListensWhenAllElseIsDone) {
  GivenAnExport();
  std::vector<std::string> changes = spdk_.methods();
  std::erase_if(changes, [](const std::string& method) {
    return method.find("_get_") != std::string::npos || !method.starts_with("nvmf");
  });
  EXPECT_THAT(changes, ElementsAre("nvmf_create_subsystem", "nvmf_subsystem_add_ns",
                                   "nvmf_subsystem_add_host", "nvmf_subsystem_add_host",
                                   "nvmf_subsystem_add_listener", "nvmf_subsystem_add_listener"));
}

TEST_F(SpdkBackendTest, ExportComesBackAfterTheTargetStartedAnew) {
  const Volume volume = GivenAnExport();
  spdk_.Restart();
  EXPECT_THAT(backend_.Get(volume.id, deadline_)->exports, IsEmpty());
  EXPECT_EQ(idempotent_.ExportOrGet(volume.id, Wanted(), deadline_).value(), volume);
}

TEST_F(SpdkBackendTest, UnexportOfOneHostLeavesTheOther) {
  const volume::VolumeId id = GivenAVolume().id;
  for (const char* host : {"a", "b"}) {
    ASSERT_OK(backend_.ExportTo(id, {Host(host), ExportMode::kMultiNode, "rw"}, deadline_));
  }
  ASSERT_OK(backend_.Unexport(id, Host("a"), deadline_));
  const Volume volume = backend_.Get(id, deadline_).value();
  ASSERT_THAT(volume.exports, SizeIs(1));
  EXPECT_EQ(volume.exports[0].host, Host("b"));
  const std::string nqn = volume.target.subsystem.text();
  EXPECT_FALSE(spdk_.ConnectHost(nqn, Host("a").text()));
  EXPECT_TRUE(spdk_.ConnectHost(nqn, Host("b").text()));
  EXPECT_THAT(spdk_.subsystems()[nqn].hosts, SizeIs(2)) << "the host and its note";
}

// Two controllers: the second lets its host in between any two steps of the first.
TEST_F(SpdkBackendTest, OneOfTwoControllersLetsItsHostIn) {
  SpdkBackend other("fast", Config(), spdk_.Connect(), clock_);
  const volume::VolumeId id = GivenAVolume().id;
  const Export wanted = Wanted();
  const Export rival = {Host("b"), ExportMode::kSingleNode, "rw"};
  bool reached = true;
  for (int n = 1; reached; ++n) {
    reached = false;
    absl::Status second;
    spdk_.Meanwhile(n, [&] {
      reached = true;
      second = other.ExportTo(id, rival, deadline_).status();
    });
    const absl::Status first = backend_.ExportTo(id, wanted, deadline_).status();
    spdk_.Meanwhile(0, {});
    EXPECT_FALSE(reached && first.ok() && second.ok()) << "at call " << n;
    EXPECT_THAT(backend_.Get(id, deadline_)->exports, SizeIs(first.ok() || second.ok() ? 1 : 0));
    for (const absl::Status& answer : {first, second}) {
      EXPECT_THAT(answer, AnyOf(IsOk(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                 HasSubstr("is exported to"))));
    }
    for (const char* host : {"a", "b"}) ASSERT_OK(backend_.Unexport(id, Host(host), deadline_));
  }
}

// The controller ended, or could not reach the target, before it saw that another was faster.
TEST_F(SpdkBackendTest, AHostThatCameSecondGoesWhenItIsAskedForAgain) {
  const Volume volume = GivenAnExport();
  const std::string nqn = volume.target.subsystem.text();
  spdk_.Meddle(nqn, [&](auto& subsystem) { subsystem.hosts.push_back(Host("b").text()); });
  EXPECT_THAT(
      idempotent_.ExportOrGet(volume.id, {Host("b"), ExportMode::kSingleNode, ""}, deadline_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Host("a").text())));
  EXPECT_FALSE(spdk_.ConnectHost(nqn, Host("b").text()));
  EXPECT_OK(idempotent_.ExportOrGet(volume.id, Wanted(), deadline_));
}

// Two controllers take out the host at once.
TEST_F(SpdkBackendTest, UnexportTakesWhatIsGoneMeanwhileForDone) {
  SpdkBackend other("fast", Config(), spdk_.Connect(), clock_);
  const volume::VolumeId id = GivenAVolume().id;
  bool reached = true;
  for (int n = 1; reached; ++n) {
    ASSERT_OK(backend_.ExportTo(id, Wanted(), deadline_));
    reached = false;
    spdk_.Meanwhile(n, [&] {
      reached = true;
      EXPECT_OK(other.Unexport(id, Host("a"), deadline_));
    });
    EXPECT_OK(backend_.Unexport(id, Host("a"), deadline_)) << "at call " << n;
    spdk_.Meanwhile(0, {});
  }
}

TEST_F(SpdkBackendTest, RemembersHowAHostWasLetIn) {
  const volume::VolumeId id = GivenAnExport().id;
  Export other = Wanted();
  EXPECT_OK(idempotent_.ExportOrGet(id, other, deadline_));
  other.fingerprint = "ro";
  EXPECT_THAT(idempotent_.ExportOrGet(id, other, deadline_),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(SpdkBackendTest, NeverTouchesVolumesOfOthers) {
  spdk_.AddLvol("lvol0", 16 * kMiB);
  const auto lvols = spdk_.lvols();
  const std::string hex = volume::Uuid::Parse(lvols.begin()->first)->Hex();
  const volume::VolumeId id = {"fast", "lvol", hex};
  EXPECT_THAT(backend_.List(deadline_)->volumes, IsEmpty());
  EXPECT_THAT(backend_.Get(id, deadline_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(backend_.Delete(id, deadline_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(backend_.ExportTo(id, Wanted(), deadline_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(spdk_.lvols(), SizeIs(1));
  EXPECT_THAT(spdk_.subsystems(), IsEmpty());
}

TEST_F(SpdkBackendTest, AnExportedVolumeThatSomebodyRenamedIsNotGone) {
  const Volume volume = GivenAnExport();
  const std::string uuid = volume.target.identity.uuid->Dashed();
  const std::string name = spdk_.lvols()[uuid].name;
  spdk_.RenameLvol(uuid, "theirs");
  const auto before = spdk_.subsystems();
  for (const absl::Status& status :
       {idempotent_.Unexport(volume.id, Host("a"), deadline_),
        idempotent_.UnexportFromAll(volume.id, deadline_), idempotent_.Delete(volume.id, deadline_),
        backend_.Get(volume.id, deadline_).status(),
        backend_.ExportTo(volume.id, Wanted(), deadline_).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("store/theirs")));
  }
  EXPECT_THAT(spdk_.lvols(), SizeIs(1));
  EXPECT_EQ(spdk_.subsystems(), before);

  spdk_.RenameLvol(uuid, name);
  ASSERT_OK(idempotent_.Unexport(volume.id, Host("a"), deadline_));
  spdk_.RenameLvol(uuid, "theirs");
  EXPECT_THAT(backend_.Get(volume.id, deadline_), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SpdkBackendTest, AnotherStoreInTheConfigurationLeavesNoHostIn) {
  const Volume volume = GivenAnExport();
  SpdkConfig edited = Config();
  edited.lvol_store = "other";
  SpdkBackend elsewhere("fast", edited, spdk_.Connect(), clock_);
  EXPECT_THAT(IdempotentBackend(elsewhere).Unexport(volume.id, Host("a"), deadline_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("other")));
}

TEST_F(SpdkBackendTest, NeverShrinks) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(backend_.Expand(volume.id, {.required_bytes = 1, .limit_bytes = 8 * kMiB}, deadline_),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("never shrinks")));
  EXPECT_THAT(spdk_.methods(), ::testing::Not(::testing::Contains("bdev_lvol_resize")));
}

TEST_F(SpdkBackendTest, FollowsATargetThatIsReplacedByAnotherVersion) {
  using testing::SpdkVersion;
  for (const SpdkVersion version :
       {SpdkVersion::k2301, SpdkVersion::k2405, SpdkVersion::k2301, SpdkVersion::k2605}) {
    spdk_.RestartAs(version);
    const volume::VolumeId id = GivenAVolume().id;
    EXPECT_THAT(backend_.Expand(id, {.required_bytes = 32 * kMiB}, deadline_),
                IsOkAndHolds(32 * kMiB));
    ASSERT_OK(backend_.Delete(id, deadline_));
  }
}

TEST_F(SpdkBackendTest, ASubsystemThatChangesIsTriedAgain) {
  const Volume volume = GivenAnExport();
  const std::string nqn = volume.target.subsystem.text();
  spdk_.Meddle(nqn, [](auto& subsystem) { subsystem.changing = true; });
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), deadline_),
              StatusIs(absl::StatusCode::kAborted));
  spdk_.Meddle(nqn, [](auto& subsystem) { subsystem.changing = false; });
  EXPECT_OK(backend_.Unexport(volume.id, Host("a"), deadline_));
  EXPECT_THAT(spdk_.subsystems(), IsEmpty());
}

TEST_F(SpdkBackendTest, LetsNobodyInWithoutATransport) {
  const Volume volume = GivenAVolume();
  spdk_.RemoveTransport();
  EXPECT_THAT(idempotent_.ExportOrGet(volume.id, Wanted(), deadline_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("nvmf_subsystem_add_listener")));
  EXPECT_FALSE(spdk_.ConnectHost(volume.target.subsystem.text(), Host("a").text()));
  spdk_.Restart();
  EXPECT_OK(idempotent_.ExportOrGet(volume.id, Wanted(), deadline_));
}

TEST_F(SpdkBackendTest, AMissingStoreIsNotAMissingVolume) {
  const Volume volume = GivenAVolume();
  SpdkBackend elsewhere("fast", {.socket = "/unused", .lvol_store = "other", .portals = {}},
                        spdk_.Connect(), clock_);
  volume::VolumeId gone = volume.id;
  gone.handle = volume::Uuid::Random().Hex();
  EXPECT_THAT(elsewhere.Delete(gone, deadline_), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(elsewhere.GetCapacity({volume::Provisioning::kThin}, deadline_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(elsewhere.List(deadline_), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(elsewhere.FindByName("pvc-1", deadline_), StatusIs(absl::StatusCode::kUnavailable));
}

// What the exports of a volume's subsystem would not show.
const std::vector<std::function<void(FakeSpdk::Subsystem&)>> kMeddling = {
    [](FakeSpdk::Subsystem& subsystem) { subsystem.allow_any_host = true; },
    [](FakeSpdk::Subsystem& subsystem) { subsystem.bdev = "Malloc0"; },
    [](FakeSpdk::Subsystem& subsystem) {
      subsystem.hosts.emplace_back("nqn.2016-06.io.spdk:a,b");
    }};

TEST_F(SpdkBackendTest, RefusesASubsystemThatSomebodyChanged) {
  const Volume volume = GivenAVolume();
  for (const auto& meddle : kMeddling) {
    spdk_.Restart();
    spdk_.Meddle(volume.target.subsystem.text(), meddle);
    const auto before = spdk_.subsystems();
    for (const absl::Status& status : {backend_.ExportTo(volume.id, Wanted(), deadline_).status(),
                                       backend_.Unexport(volume.id, Host("a"), deadline_),
                                       backend_.Delete(volume.id, deadline_)}) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("somebody")));
    }
    EXPECT_EQ(spdk_.subsystems(), before);
    EXPECT_OK(backend_.List(deadline_));
  }
}

TEST_F(SpdkBackendTest, AnswersInTheWordsOfTheRequest) {
  const Volume made = idempotent_.CreateOrGet(Request(), deadline_).value();
  EXPECT_EQ(made.context, Request().context);
  EXPECT_EQ(idempotent_.CreateOrGet(Request(), deadline_).value(), made);
  CreateRequest other = Request();
  other.fingerprint = "other words";
  EXPECT_THAT(idempotent_.CreateOrGet(other, deadline_),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

}  // namespace
}  // namespace nvmeof::backend
