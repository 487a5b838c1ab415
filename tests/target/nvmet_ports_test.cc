#include "target/nvmet_ports.h"

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

const volume::Portal kFirst{"tcp", "192.0.2.1", "4420"};
const volume::Portal kSecond{"tcp", "192.0.2.2", "4420"};
const volume::Portal kIpv6{"tcp", "2001:db8::1", "4420"};

volume::Nqn Subsystem(const std::string& name) {
  return *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:" + name);
}

class NvmetPortsTest : public ::testing::Test {
 protected:
  NvmetPortsTest() {
    for (const char* name : {"a", "b"}) {
      EXPECT_OK(tree_.MakeDirectory("subsystems/" + Subsystem(name).text()));
    }
    effects_.Forget();
  }
  void MakePort(const std::string& id, const std::string& address) {
    ASSERT_OK(tree_.MakeDirectory("ports/" + id));
    ASSERT_OK(tree_.Write("ports/" + id + "/addr_trtype", "tcp"));
    ASSERT_OK(tree_.Write("ports/" + id + "/addr_adrfam", "ipv4"));
    ASSERT_OK(tree_.Write("ports/" + id + "/addr_trsvcid", "4420"));
    ASSERT_OK(tree_.Write("ports/" + id + "/addr_traddr", address));
  }
  std::string Value(const std::string& path) { return *tree_.Read(path); }
  std::vector<std::string> Linked(const std::string& id) {
    return *tree_.List("ports/" + id + "/subsystems");
  }

  Effects effects_;
  FakeConfigfs tree_{effects_};
  NvmetPorts ports_{tree_};
};

TEST_F(NvmetPortsTest, PortsHaveTheAnaStateThatIsWanted) {
  const std::string first = "ports/1/ana_groups/1/ana_state";
  const std::string second = "ports/2/ana_groups/1/ana_state";
  ASSERT_OK(ports_.Ensure({{kFirst, kSecond}, {kSecond}}));
  EXPECT_EQ(Value(first), "optimized");
  EXPECT_EQ(Value(second), "non-optimized");
  ASSERT_OK(ports_.Ensure({{kFirst, kSecond}, {kFirst}}));
  EXPECT_EQ(Value(first), "non-optimized");
  EXPECT_EQ(Value(second), "optimized");
}

TEST_F(NvmetPortsTest, APortThatSomebodyClosedStaysClosed) {
  ASSERT_OK(ports_.Ensure({{kFirst}, {}}));
  const std::string state = "ports/1/ana_groups/1/ana_state";
  ASSERT_OK(tree_.Write(state, "inaccessible"));
  ASSERT_OK(ports_.Ensure({{kFirst}, {}}));
  EXPECT_EQ(Value(state), "inaccessible");
}

TEST_F(NvmetPortsTest, MakesOnePortForEachPortal) {
  ASSERT_OK(ports_.Ensure({{kFirst, kIpv6}, {}}));
  EXPECT_EQ(Value("ports/1/addr_traddr"), "192.0.2.1");
  EXPECT_EQ(Value("ports/1/addr_adrfam"), "ipv4");
  EXPECT_EQ(Value("ports/2/addr_traddr"), "2001:db8::1");
  EXPECT_EQ(Value("ports/2/addr_adrfam"), "ipv6");
  EXPECT_EQ(Value("ports/2/addr_trsvcid"), "4420");
}

TEST_F(NvmetPortsTest, MakesPortsOfEachTransport) {
  const volume::Portal rdma{"rdma", "192.0.2.1", "4420"};
  const volume::Portal fc{"fc", "nn-0x20000090fa942779:pn-0x20000090fa942780", ""};
  ASSERT_OK(ports_.Ensure({{kFirst, rdma, fc}, {}}));
  EXPECT_EQ(Value("ports/2/addr_trtype"), "rdma");
  EXPECT_EQ(Value("ports/2/addr_adrfam"), "ipv4");
  EXPECT_EQ(Value("ports/2/addr_traddr"), "192.0.2.1");
  EXPECT_EQ(Value("ports/3/addr_trtype"), "fc");
  EXPECT_EQ(Value("ports/3/addr_adrfam"), "fc");
  EXPECT_EQ(Value("ports/3/addr_trsvcid"), "none");
  EXPECT_EQ(Value("ports/3/addr_traddr"), "nn-0x20000090fa942779:pn-0x20000090fa942780");
  effects_.Forget();
  ASSERT_OK(ports_.Ensure({{kFirst, rdma, fc}, {}}));
  EXPECT_THAT(effects_.log(), IsEmpty());
  EXPECT_EQ(ports_.Link({Subsystem("a")}, {rdma, fc}).count, 2);
  EXPECT_THAT(Linked("1"), IsEmpty());
  EXPECT_THAT(Linked("2"), ElementsAre(Subsystem("a").text()));
  EXPECT_THAT(Linked("3"), ElementsAre(Subsystem("a").text()));
}

TEST_F(NvmetPortsTest, KnownPortsAreNotTouched) {
  ASSERT_OK(ports_.Ensure({{kFirst, kIpv6}, {}}));
  effects_.Forget();
  ASSERT_OK(ports_.Ensure({{kFirst, kIpv6}, {}}));
  EXPECT_THAT(effects_.log(), IsEmpty());
}

TEST_F(NvmetPortsTest, UsesAPortOfSomebodyElseWithTheSameAddress) {
  MakePort("7", "2001:0db8:0:0::1");
  effects_.Forget();
  ASSERT_OK(ports_.Ensure({{kIpv6}, {}}));
  EXPECT_THAT(effects_.log(), IsEmpty());
  EXPECT_EQ(ports_.Link({Subsystem("a")}, {kIpv6}).count, 1);
  EXPECT_THAT(Linked("7"), ElementsAre(Subsystem("a").text()));
}

TEST_F(NvmetPortsTest, LeavesPortsWithOtherAddressesAlone) {
  MakePort("1", "203.0.113.9");
  ASSERT_OK(ports_.Ensure({{kFirst}, {}}));
  EXPECT_EQ(Value("ports/1/addr_traddr"), "203.0.113.9");
  EXPECT_EQ(Value("ports/2/addr_traddr"), "192.0.2.1");
}

TEST_F(NvmetPortsTest, CompletesAPortThatACrashCutShort) {
  for (int n = 1; n <= 5; ++n) {
    Effects effects;
    FakeConfigfs tree(effects);
    NvmetPorts ports(tree);
    effects.DieAt(n);
    EXPECT_FALSE(ports.Ensure({{kFirst}, {}}).ok());
    effects.Revive();
    EXPECT_OK(ports.Ensure({{kFirst}, {}}));
    EXPECT_THAT(tree.List("ports"), IsOkAndHolds(ElementsAre("1"))) << n;
  }
}

TEST_F(NvmetPortsTest, OnePortThatFailsDoesNotHoldUpTheNext) {
  effects_.Fail(1, absl::InternalError("no"));
  EXPECT_THAT(ports_.Ensure({{kFirst, kSecond}, {}}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(Value("ports/1/addr_traddr"), "192.0.2.2");
}

TEST_F(NvmetPortsTest, LinksPortByPort) {
  ASSERT_OK(ports_.Ensure({{kFirst, kSecond}, {}}));
  effects_.Forget();
  const Links links = ports_.Link({Subsystem("a"), Subsystem("b")}, {kFirst, kSecond});
  EXPECT_OK(links.failure);
  EXPECT_EQ(links.count, 4);
  const std::string a = Subsystem("a").text();
  const std::string b = Subsystem("b").text();
  EXPECT_THAT(effects_.log(),
              ElementsAre("link ports/1/subsystems/" + a, "link ports/1/subsystems/" + b,
                          "link ports/2/subsystems/" + a, "link ports/2/subsystems/" + b));
}

TEST_F(NvmetPortsTest, LinksThatStandCountAndAreNotTouched) {
  ASSERT_OK(ports_.Ensure({{kFirst}, {}}));
  ports_.Link({Subsystem("a")}, {kFirst});
  effects_.Forget();
  EXPECT_EQ(ports_.Link({Subsystem("a")}, {kFirst}).count, 1);
  EXPECT_THAT(effects_.log(), IsEmpty());
}

TEST_F(NvmetPortsTest, PortalThatIsNoLongerWantedIsUnlinked) {
  ASSERT_OK(ports_.Ensure({{kFirst, kSecond}, {}}));
  ports_.Link({Subsystem("a"), Subsystem("b")}, {kFirst, kSecond});
  EXPECT_EQ(ports_.Link({Subsystem("a")}, {kSecond}).count, 1);
  EXPECT_THAT(Linked("1"), ElementsAre(Subsystem("b").text()));
  EXPECT_EQ(Linked("2").size(), 2U);
}

TEST_F(NvmetPortsTest, PortalsThatFailAreNamedAndTheOthersLinked) {
  ASSERT_OK(ports_.Ensure({{kFirst, kSecond}, {}}));
  tree_.TakeDown("192.0.2.1");
  const Links links = ports_.Link({Subsystem("a")}, {kFirst, kSecond, kIpv6});
  EXPECT_EQ(links.count, 1);
  EXPECT_THAT(links.failure.message(), AllOf(HasSubstr("192.0.2.1"), HasSubstr("[2001:db8::1]")));
}

TEST_F(NvmetPortsTest, UnlinkClearsAllPorts) {
  ASSERT_OK(ports_.Ensure({{kFirst, kSecond}, {}}));
  ports_.Link({Subsystem("a"), Subsystem("b")}, {kFirst, kSecond});
  ASSERT_OK(ports_.Unlink(Subsystem("a")));
  EXPECT_THAT(Linked("1"), ElementsAre(Subsystem("b").text()));
  EXPECT_THAT(Linked("2"), ElementsAre(Subsystem("b").text()));
  EXPECT_OK(ports_.Unlink(Subsystem("a")));
}

}  // namespace
}  // namespace nvmeof::target
