#include "target/nvmet_subsystems.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/effects.h"
#include "tests/fakes/fake_configfs.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::Effects;
using ::nvmeof::testing::FakeConfigfs;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

volume::Nqn Host(const std::string& name) {
  return *volume::Nqn::Parse("nqn.2014-08.org.example:" + name);
}

NvmetVolume Wanted(const std::vector<volume::Nqn>& hosts) {
  return {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:4c0f9d4e7a2b4c1d9e3f0123456789ab"),
          *volume::Uuid::Parse("4c0f9d4e-7a2b-4c1d-9e3f-0123456789ab"),
          *volume::Uuid::Parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"), "/pool/images/a.img",
          hosts};
}

class NvmetSubsystemsTest : public ::testing::Test {
 protected:
  std::string Value(const std::string& path) { return *tree_.Read(path_ + path); }
  std::vector<std::string> Allowed() { return *tree_.List(path_ + "/allowed_hosts"); }

  Effects effects_;
  FakeConfigfs tree_{effects_};
  NvmetSubsystems subsystems_{tree_};
  const std::string path_ = "subsystems/" + Wanted({}).subsystem.text();
};

TEST_F(NvmetSubsystemsTest, MakesAllOfIt) {
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a")})));
  EXPECT_EQ(Value("/attr_allow_any_host"), "0");
  EXPECT_EQ(Value("/attr_serial"), "4c0f9d4e7a2b4c1d9e3f");
  EXPECT_EQ(Value("/attr_model"), "nvmeof-csi");
  EXPECT_EQ(Value("/namespaces/1/device_path"), "/pool/images/a.img");
  EXPECT_EQ(Value("/namespaces/1/device_uuid"), "4c0f9d4e-7a2b-4c1d-9e3f-0123456789ab");
  EXPECT_EQ(Value("/namespaces/1/device_nguid"), "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
  EXPECT_EQ(Value("/namespaces/1/enable"), "1");
  EXPECT_THAT(Allowed(), ElementsAre(Host("a").text()));
}

TEST_F(NvmetSubsystemsTest, TouchesNothingThatIsRight) {
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a")})));
  effects_.Forget();
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a")})));
  EXPECT_THAT(effects_.log(), IsEmpty());
}

TEST_F(NvmetSubsystemsTest, ShutsTheDoorThatSomebodyOpened) {
  ASSERT_OK(subsystems_.Ensure(Wanted({})));
  ASSERT_OK(tree_.Write(path_ + "/attr_allow_any_host", "1"));
  ASSERT_OK(subsystems_.Ensure(Wanted({})));
  EXPECT_EQ(Value("/attr_allow_any_host"), "0");
}

TEST_F(NvmetSubsystemsTest, AllowsExactlyTheWantedHosts) {
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a"), Host("b")})));
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("b"), Host("c")})));
  EXPECT_THAT(Allowed(), ElementsAre(Host("b").text(), Host("c").text()));
}

TEST_F(NvmetSubsystemsTest, HostIsForgottenOnceNoSubsystemAllowsIt) {
  NvmetVolume other = Wanted({Host("a")});
  other.subsystem = *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:other");
  ASSERT_OK(subsystems_.Ensure(other));
  EXPECT_OK(subsystems_.Forget(Host("a")));
  EXPECT_THAT(tree_.List("hosts"), IsOkAndHolds(ElementsAre(Host("a").text())));
  ASSERT_OK(subsystems_.Remove(other.subsystem));
  EXPECT_OK(subsystems_.Forget(Host("a")));
  EXPECT_OK(subsystems_.Forget(Host("a")));
  EXPECT_THAT(tree_.List("hosts"), IsOkAndHolds(IsEmpty()));
}

TEST_F(NvmetSubsystemsTest, HostWithAKeyStays) {
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a")})));
  ASSERT_OK(tree_.Write("hosts/" + Host("a").text() + "/dhchap_key", "DHHC-1:00:abc:"));
  ASSERT_OK(subsystems_.Ensure(Wanted({})));
  EXPECT_OK(subsystems_.Forget(Host("a")));
  EXPECT_THAT(tree_.List("hosts"), IsOkAndHolds(ElementsAre(Host("a").text())));
}

TEST_F(NvmetSubsystemsTest, HostThatVanishesWhileItIsLetInIsMadeAgain) {
  const std::string object = "hosts/" + Host("a").text();
  bool taken_away = false;
  tree_.BeforeLink([&] {
    if (std::exchange(taken_away, true)) return;
    EXPECT_OK(tree_.RemoveDirectory(object));
  });
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a")})));
  EXPECT_THAT(Allowed(), ElementsAre(Host("a").text()));
}

TEST_F(NvmetSubsystemsTest, EnabledNamespaceWithAnotherPathIsLeftAloneAndNamed) {
  ASSERT_OK(subsystems_.Ensure(Wanted({})));
  effects_.Forget();
  NvmetVolume moved = Wanted({});
  moved.backing_path = "/elsewhere/a.img";
  EXPECT_THAT(subsystems_.Ensure(moved),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("/elsewhere/a.img"), HasSubstr("/pool/images/a.img"))));
  EXPECT_THAT(effects_.log(), IsEmpty());
}

TEST_F(NvmetSubsystemsTest, EnabledNamespaceWithAnotherIdentityIsLeftAlone) {
  ASSERT_OK(subsystems_.Ensure(Wanted({})));
  NvmetVolume other = Wanted({});
  other.nguid = volume::Uuid::Random();
  EXPECT_THAT(subsystems_.Ensure(other), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(NvmetSubsystemsTest, MissingBackingIsNotFound) {
  tree_.LoseBacking("/pool/images/a.img");
  EXPECT_THAT(subsystems_.Ensure(Wanted({})), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(NvmetSubsystemsTest, CompletesWhatACrashCutShort) {
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a")})));
  const auto whole = tree_.Snapshot();
  const int steps = static_cast<int>(effects_.count());
  for (int n = 1; n <= steps; ++n) {
    Effects effects;
    FakeConfigfs tree(effects);
    NvmetSubsystems subsystems(tree);
    effects.DieAt(n);
    EXPECT_FALSE(subsystems.Ensure(Wanted({Host("a")})).ok());
    effects.Revive();
    EXPECT_OK(subsystems.Ensure(Wanted({Host("a")}))) << n;
    EXPECT_EQ(tree.Snapshot(), whole) << n;
  }
}

TEST_F(NvmetSubsystemsTest, RemoveDisablesBeforeItRemoves) {
  ASSERT_OK(subsystems_.Ensure(Wanted({Host("a")})));
  effects_.Forget();
  ASSERT_OK(subsystems_.Remove(Wanted({}).subsystem));
  const std::string host = Host("a").text();
  EXPECT_THAT(
      effects_.log(),
      ElementsAre("write " + path_ + "/namespaces/1/enable 0", "rmdir " + path_ + "/namespaces/1",
                  "unlink " + path_ + "/allowed_hosts/" + host, "rmdir " + path_));
}

TEST_F(NvmetSubsystemsTest, RemoveToleratesAnAbsentOne) {
  EXPECT_OK(subsystems_.Remove(Wanted({}).subsystem));
  EXPECT_THAT(effects_.log(), IsEmpty());
}

TEST_F(NvmetSubsystemsTest, RevalidateTellsAnEnabledNamespaceOnly) {
  EXPECT_OK(subsystems_.Revalidate(Wanted({}).subsystem));
  ASSERT_OK(subsystems_.Ensure(Wanted({})));
  ASSERT_OK(subsystems_.Revalidate(Wanted({}).subsystem));
  EXPECT_EQ(Value("/namespaces/1/revalidate_size"), "1");
  ASSERT_OK(tree_.Write(path_ + "/namespaces/1/enable", "0"));
  EXPECT_OK(subsystems_.Revalidate(Wanted({}).subsystem));
}

}  // namespace
}  // namespace nvmeof::target
