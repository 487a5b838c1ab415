// What CephBackend promises beyond tests/contract where volumes share a subsystem.
#include "backend/ceph/ceph_shared_subsystem.h"

#include <cstddef>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/ceph/ceph_backend.h"
#include "backend/idempotent_backend.h"
#include "base/units.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::base::kMiB;
using ::nvmeof::testing::FakeCeph;
using ::nvmeof::testing::FakeCephNamespace;
using ::nvmeof::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class CephSharedSubsystemTest : public ::testing::Test {
 protected:
  static volume::Nqn Host(const std::string& name) {
    return *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:" + name);
  }
  static CreateRequest Request(const std::string& name) {
    return {.name = name, .size = {.required_bytes = 16 * kMiB}, .fingerprint = "words"};
  }
  static Export Single(const std::string& host) {
    return {Host(host), ExportMode::kSingleNode, "rw"};
  }
  absl::Time Deadline() const { return clock_.Now() + absl::Minutes(1); }
  Volume GivenAVolume(const std::string& name = "pvc-1") {
    return backend_.Create(Request(name), Deadline()).value();
  }
  Volume GivenAnExport(const std::string& name, const std::string& host) {
    return backend_.ExportTo(GivenAVolume(name).id, Single(host), Deadline()).value();
  }
  FakeCeph::Subsystem Shared() { return ceph_.subsystems()[nqn_]; }
  FakeCephNamespace NamespaceOf(const Volume& volume) {
    return Shared().namespaces[*volume.target.identity.nsid];
  }
  bool Sees(const std::string& host, const Volume& volume, std::size_t gateway = 0) {
    return ceph_.ShowsTo(gateway, nqn_, *volume.target.identity.nsid, Host(host).text());
  }

  testing::FakeClock clock_;
  const testing::TemporaryDirectory directory_;
  FakeCeph ceph_{directory_.path(), FakeCeph::TwoGateways()};
  const std::string nqn_ = ceph_.shared_config().subsystem->text();
  CephBackend backend_{"ceph", ceph_.shared_config(), clock_};
  CephBackend second_{"ceph", ceph_.shared_config(), clock_};  // another controller
  IdempotentBackend idempotent_{backend_};
};

TEST_F(CephSharedSubsystemTest, VolumesHaveNamespacesOfTheirOwnInOneSubsystem) {
  const Volume first = GivenAVolume("pvc-1");
  const Volume second = GivenAVolume("pvc-2");
  EXPECT_EQ(first.target.subsystem, second.target.subsystem);
  EXPECT_NE(first.target.identity.nsid, second.target.identity.nsid);
  EXPECT_THAT(ceph_.subsystems(), SizeIs(1));
  ASSERT_OK(backend_.Delete(first.id, Deadline()));
  EXPECT_THAT(ceph_.images(), SizeIs(1));
  EXPECT_THAT(Shared().namespaces, SizeIs(1));
}

TEST_F(CephSharedSubsystemTest, AHostSeesItsOwnVolumesOnly) {
  const Volume ours = GivenAnExport("pvc-1", "a");
  const Volume others = GivenAnExport("pvc-2", "b");
  for (const std::size_t gateway : {0U, 1U}) {
    EXPECT_TRUE(Sees("a", ours, gateway));
    EXPECT_FALSE(Sees("a", others, gateway));
  }
}

TEST_F(CephSharedSubsystemTest, AHostIsLetGoWithItsLastVolume) {
  const Volume first = GivenAnExport("pvc-1", "a");
  const Volume second = GivenAnExport("pvc-2", "a");
  ASSERT_OK(backend_.Unexport(first.id, Host("a"), Deadline()));
  EXPECT_FALSE(Sees("a", first));
  EXPECT_TRUE(Sees("a", second));
  ASSERT_OK(backend_.Unexport(second.id, Host("a"), Deadline()));
  EXPECT_THAT(Shared().hosts, IsEmpty());
}

TEST_F(CephSharedSubsystemTest, AHostThatSomebodyElsesNamespaceNeedsStays) {
  const Volume volume = GivenAnExport("pvc-1", "a");
  ceph_.Meddle(nqn_, [](auto& subsystem) {
    subsystem.namespaces[512] = {"rbd", "somebodys", volume::Uuid::Random().Dashed()};
  });
  ASSERT_OK(backend_.Unexport(volume.id, Host("a"), Deadline()));
  EXPECT_THAT(Shared().hosts, ElementsAre(Host("a").text()));
}

TEST_F(CephSharedSubsystemTest, AnExportSurvivesTheEndOfTheHostsOther) {
  const Volume last = GivenAnExport("pvc-1", "a");
  const Volume next = GivenAVolume("pvc-2");
  // Between the look at the subsystem's hosts and the namespace's turn, which is the export's last
  // change.
  const std::size_t before = ceph_.calls().size();
  ASSERT_OK(backend_.ExportTo(next.id, Single("b"), Deadline()));
  ASSERT_OK(backend_.Unexport(next.id, Host("b"), Deadline()));
  const std::vector<std::string> calls = ceph_.calls();
  int turn = 0;
  for (std::size_t i = before; i < calls.size(); ++i) {
    if (calls[i] != "0 add_host") continue;
    turn = static_cast<int>(i - before) + 1;
  }
  ASSERT_GT(turn, 0);
  ceph_.Before(turn, [&] { ASSERT_OK(second_.Unexport(last.id, Host("a"), Deadline())); });
  ASSERT_OK(backend_.ExportTo(next.id, Single("a"), Deadline()));
  EXPECT_TRUE(Sees("a", next));
}

TEST_F(CephSharedSubsystemTest, UnexportWaitsUntilEveryGatewayHidesTheNamespace) {
  const Volume volume = GivenAnExport("pvc-1", "a");
  ceph_.Lag(1, true);
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), clock_.Now() + absl::Seconds(5)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("still shows namespace")));
  ceph_.Lag(1, false);
  EXPECT_OK(backend_.Unexport(volume.id, Host("a"), Deadline()));
}

TEST_F(CephSharedSubsystemTest, UnexportDoesNotVouchForAGatewayThatIsDown) {
  const Volume volume = GivenAnExport("pvc-1", "a");
  ceph_.Stop(1);
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), Deadline()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("gateway-1")));
  EXPECT_FALSE(Sees("a", volume));
}

TEST_F(CephSharedSubsystemTest, RefusesANamespaceThatSomebodyMadeVisibleToAll) {
  const Volume volume = GivenAnExport("pvc-1", "a");
  ceph_.Meddle(nqn_, [&](auto& subsystem) {
    subsystem.namespaces[*volume.target.identity.nsid].auto_visible = true;
  });
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("visible to all"));
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), Deadline()), refused);
  EXPECT_THAT(backend_.Delete(volume.id, Deadline()), refused);
  EXPECT_THAT(backend_.ExportTo(volume.id, Single("b"), Deadline()), refused);
}

TEST_F(CephSharedSubsystemTest, RefusesASubsystemThatLetsAnyHostIn) {
  const Volume volume = GivenAVolume();
  ceph_.Meddle(nqn_, [](auto& subsystem) { subsystem.allow_any_host = true; });
  EXPECT_THAT(backend_.ExportTo(volume.id, Single("a"), Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("any host")));
}

TEST_F(CephSharedSubsystemTest, GatewaysThatCannotMaskGetNoVolume) {
  ceph_.ForgetMasking();
  EXPECT_THAT(backend_.Create(Request("pvc-1"), Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("do not hide")));
  EXPECT_THAT(ceph_.images(), IsEmpty());
}

TEST_F(CephSharedSubsystemTest, AFullSubsystemIsNamed) {
  GivenAVolume("pvc-1");
  ceph_.Meddle(nqn_, [](auto& subsystem) {
    for (std::uint32_t nsid = 1; nsid <= 512; ++nsid) {
      subsystem.namespaces.try_emplace(
          nsid, FakeCephNamespace{"rbd", "somebodys", volume::Uuid::Random().Dashed()});
    }
  });
  EXPECT_THAT(backend_.Create(Request("pvc-2"), Deadline()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("512 namespaces")));
}

TEST_F(CephSharedSubsystemTest, TakesTheOneNsidThatIsFree) {
  ceph_.Meddle(nqn_, [](auto& subsystem) {
    for (std::uint32_t nsid = 1; nsid <= 512; ++nsid) {
      if (nsid == 77) continue;
      subsystem.namespaces[nsid] = {"rbd", "somebodys", volume::Uuid::Random().Dashed()};
    }
  });
  EXPECT_EQ(GivenAVolume().target.identity.nsid, 77U);
}

TEST_F(CephSharedSubsystemTest, ANsidThatIsTakenMeanwhileIsNotTheEnd) {
  GivenAVolume("pvc-0");
  // Before namespace_add: after the looks at the gateway, the subsystem, the name and the NSIDs.
  ceph_.Before(5, [&] {
    ceph_.Meddle(nqn_, [](auto& subsystem) {
      for (std::uint32_t nsid = 1; nsid <= 512; ++nsid) {
        if (nsid == 77) continue;
        subsystem.namespaces.try_emplace(
            nsid, FakeCephNamespace{"rbd", "somebodys", volume::Uuid::Random().Dashed()});
      }
    });
  });
  EXPECT_EQ(GivenAVolume("pvc-1").target.identity.nsid, 77U);
}

// Two controllers make one volume at once, the second between any two calls of the first.
TEST_F(CephSharedSubsystemTest, OfTwoControllersAtMostOneMakesAVolume) {
  const std::size_t before = ceph_.calls().size();
  GivenAVolume("pvc-0");
  const int calls = static_cast<int>(ceph_.calls().size() - before);
  for (int n = 1; n <= calls; ++n) {
    const std::string name = "pvc-" + std::to_string(n);
    absl::StatusOr<Volume> other = absl::UnknownError("");
    ceph_.Before(n, [&] { other = second_.Create(Request(name), Deadline()); });
    const absl::StatusOr<Volume> made = backend_.Create(Request(name), Deadline());
    EXPECT_FALSE(made.ok() && other.ok()) << n;
    // Whoever asks again gets the volume that one of them was told of.
    const Volume again = idempotent_.CreateOrGet(Request(name), Deadline()).value();
    if (made.ok()) EXPECT_EQ(again.id, made->id) << n;
    if (other.ok()) EXPECT_EQ(again.id, other->id) << n;
    ASSERT_OK(backend_.Delete(again.id, Deadline()));
    EXPECT_THAT(ceph_.images(), SizeIs(1)) << n;
  }
}

// Two that are half made see each other. Before the one withdraws, a third controller, which saw it
// alone, has made it whole and told of it.
TEST_F(CephSharedSubsystemTest, WithdrawsNothingThatSomebodyElseHasFinished) {
  GivenAVolume("pvc-0");
  const Volume rival = GivenAVolume("pvc-1");
  const std::uint32_t nsid = *rival.target.identity.nsid;
  FakeCephNamespace half_made = NamespaceOf(rival);
  half_made.hosts.clear();
  ASSERT_OK(backend_.Delete(rival.id, Deadline()));
  // Before the look at the name, which is the sixth call, and before the change that begins the end
  // of what it made, which is the next.
  ceph_.Before(6, [&] {
    ceph_.Meddle(nqn_, [&](auto& subsystem) { subsystem.namespaces[nsid] = half_made; });
    ceph_.Before(1, [&] {
      ceph_.Meddle(nqn_, [&](auto& subsystem) {
        for (auto& [id, ns] : subsystem.namespaces) {
          if (id != nsid && ns.hosts.empty()) {
            ns.hosts.emplace_back("nqn.2026-01.dev.nvmeof:whole");
          }
        }
      });
    });
  });
  EXPECT_THAT(backend_.Create(Request("pvc-1"), Deadline()),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("somebody else")));
  EXPECT_OK(backend_.FindByName("pvc-1", Deadline()));
  EXPECT_THAT(Shared().namespaces, SizeIs(3));
}

// The first answer to a delete is lost; then its NSID has another volume, and the gateway that is
// asked next has not heard of it.
TEST_F(CephSharedSubsystemTest, ADeleteThatIsRepeatedHitsNoOtherVolume) {
  const Volume gone = GivenAVolume("pvc-1");
  const std::uint32_t nsid = *gone.target.identity.nsid;
  ceph_.Lag(1, true);
  ASSERT_OK(second_.Delete(gone.id, Deadline()));
  const std::string next = volume::Uuid::Random().Dashed();
  ceph_.Meddle(nqn_, [&](auto& subsystem) {
    subsystem.namespaces[nsid] = {"rbd", "next", next, true, false};
  });
  ceph_.AddImage("next", kMiB);
  ceph_.Stop(0);
  EXPECT_OK(idempotent_.Delete(gone.id, Deadline()));
  EXPECT_EQ(Shared().namespaces[nsid].uuid, next);
  EXPECT_TRUE(ceph_.images().contains("next"));
}

TEST_F(CephSharedSubsystemTest, ADeleteWhoseAnswerIsLostIsNotSentToTheNextGateway) {
  const Volume volume = GivenAVolume();
  const std::size_t before = ceph_.calls().size();
  ASSERT_OK(backend_.Delete(volume.id, Deadline()));
  const int last = static_cast<int>(ceph_.calls().size() - before);
  ASSERT_EQ(ceph_.calls().back(), "0 namespace_delete");
  const Volume second = GivenAVolume();
  ceph_.DieAt(last, true);
  EXPECT_THAT(backend_.Delete(second.id, Deadline()), StatusIs(absl::StatusCode::kUnavailable));
  ceph_.DieAt(0, true);
  EXPECT_THAT(ceph_.calls(), Not(Contains("1 namespace_delete")));
}

TEST_F(CephSharedSubsystemTest, APoolsVolumesAreNotThoseOfAnother) {
  const Volume volume = GivenAnExport("pvc-1", "a");
  CephConfig config = ceph_.shared_config();
  config.pool = "other";
  CephBackend elsewhere("ceph", config, clock_);
  EXPECT_THAT(elsewhere.List(Deadline())->volumes, IsEmpty());
  EXPECT_THAT(elsewhere.FindByName("pvc-1", Deadline()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(IdempotentBackend(elsewhere).Unexport(volume.id, Host("a"), Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not the volume's")));
  EXPECT_TRUE(Sees("a", volume));
}

}  // namespace
}  // namespace nvmeof::backend
