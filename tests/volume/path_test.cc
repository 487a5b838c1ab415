#include "volume/path.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

Portal Tcp(const std::string& address, const std::string& service) {
  return Portal{"tcp", address, service};
}

struct GoodPortal {
  std::string text;
  Portal portal;
  std::string formatted;
};

TEST(GoodPortalTest, HasOneSpelling) {
  const std::vector<GoodPortal> rows = {
      {"tcp://192.0.2.1:4420", Tcp("192.0.2.1", "4420"), "tcp://192.0.2.1:4420"},
      {"192.0.2.1:4421", Tcp("192.0.2.1", "4421"), "tcp://192.0.2.1:4421"},
      {"192.0.2.1", Tcp("192.0.2.1", "4420"), "tcp://192.0.2.1:4420"},
      {"tcp://192.0.2.1", Tcp("192.0.2.1", "4420"), "tcp://192.0.2.1:4420"},
      {"192.0.2.1:04420", Tcp("192.0.2.1", "4420"), "tcp://192.0.2.1:4420"},
      {"192.0.2.1:65535", Tcp("192.0.2.1", "65535"), "tcp://192.0.2.1:65535"},
      {"127.0.0.1:1", Tcp("127.0.0.1", "1"), "tcp://127.0.0.1:1"},
      {"tcp://[2001:db8::1]:4420", Tcp("2001:db8::1", "4420"), "tcp://[2001:db8::1]:4420"},
      {"[2001:DB8:0:0::01]", Tcp("2001:db8::1", "4420"), "tcp://[2001:db8::1]:4420"},
      {"[::1]:4420", Tcp("::1", "4420"), "tcp://[::1]:4420"},
      {"rdma://192.0.2.1", {"rdma", "192.0.2.1", "4420"}, "rdma://192.0.2.1:4420"},
      {"rdma://[2001:DB8::1]:4421", {"rdma", "2001:db8::1", "4421"}, "rdma://[2001:db8::1]:4421"},
      {"fc://nn-0x20000090FA942779:pn-20000090fa942780",
       {"fc", "nn-0x20000090fa942779:pn-0x20000090fa942780", ""},
       "fc://nn-0x20000090fa942779:pn-0x20000090fa942780"}};
  for (const GoodPortal& row : rows) {
    SCOPED_TRACE(row.text);
    EXPECT_THAT(ParsePortal(row.text), IsOkAndHolds(row.portal));
    EXPECT_EQ(FormatPortal(row.portal), row.formatted);
    EXPECT_THAT(ParsePortal(row.formatted), IsOkAndHolds(row.portal));
  }
}

TEST(BadPortalTest, IsRefused) {
  const std::vector<std::string> rows = {"",
                                         "tcp://",
                                         ":4420",
                                         "[]:4420",
                                         "storage.example.com:4420",
                                         "192.0.2.1:",
                                         "192.0.2.1:0",
                                         "192.0.2.1:65536",
                                         "192.0.2.1:-1",
                                         "192.0.2.1:+1",
                                         "192.0.2.1: 4420",
                                         "192.0.2.1:4420 ",
                                         "192.0.2.1:99999999999999999999",
                                         "192.0.2.1:4420:4420",
                                         "192.0.2.1:nvme",
                                         "192.0.2",
                                         "192.0.2.256",
                                         "192.0.2.01",
                                         "2001:db8::1",
                                         "2001:db8::1:4420",
                                         "[2001:db8::1",
                                         "[2001:db8::1]4420",
                                         "[192.0.2.1]:4420",
                                         "[fe80::1%eth0]:4420",
                                         "[fe80::1]:4420",
                                         "192.0.2.1%eth0",
                                         "0.0.0.0:4420",
                                         "[::]:4420",
                                         "224.0.0.1:4420",
                                         "255.255.255.255:4420",
                                         "[ff02::1]:4420",
                                         "loop://192.0.2.1:4420",
                                         "rdma://nn-0x20000090fa942779:pn-0x20000090fa942780",
                                         "nn-0x20000090fa942779:pn-0x20000090fa942780",
                                         "fc://192.0.2.1",
                                         "fc://",
                                         "fc://nn-0x20000090fa942779:pn-0x20000090fa942780:4420",
                                         "RDMA://192.0.2.1",
                                         "TCP://192.0.2.1:4420",
                                         "//192.0.2.1",
                                         "192.0.2.1,nqn=x",
                                         std::string("192.0.2.1\0x", 11)};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    EXPECT_THAT(ParsePortal(row), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(PortalMessageTest, NamesTheTextAndWhatIsAllowed) {
  EXPECT_THAT(
      ParsePortal("loop://192.0.2.1"),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          R"(portal "loop://192.0.2.1" is not allowed: the transport must be tcp, rdma or fc)"));
  EXPECT_THAT(ParsePortal("fc://192.0.2.1"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nn-0x<16 hex digits>")));
  EXPECT_THAT(ParsePortal("[fe80::1%eth0]"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without a zone id")));
  EXPECT_THAT(ParsePortal("192.0.2.1:0"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("from 1 to 65535")));
}

TEST(CanonicalAddressTest, GivesOneSpelling) {
  EXPECT_THAT(CanonicalAddress("192.0.2.1"), IsOkAndHolds("192.0.2.1"));
  EXPECT_THAT(CanonicalAddress("2001:DB8::0001"), IsOkAndHolds("2001:db8::1"));
}

TEST(InterfaceNameTest, IsRefused) {
  const std::vector<std::string> rows = {
      "", ".", "..", "a/b", "a b", "a:1", "a%1", "a,b", "a\n", "\xC3\xA4", "0123456789abcdef"};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    EXPECT_FALSE(IsInterfaceName(row));
  }
}

TEST(InterfaceNameTest, AllowsWhatTheKernelDoes) {
  for (const char* name : {"eth1", "enp3s0f0np0", "bond0.100", "br-storage", "0123456789abcde"}) {
    EXPECT_TRUE(IsInterfaceName(name)) << name;
  }
}

TEST(DescribeTest, SaysOnlyWhatIsChosen) {
  const Portal portal = Tcp("10.0.0.1", "4420");
  EXPECT_EQ(Describe(Path{portal, {}}), "10.0.0.1:4420");
  EXPECT_EQ(Describe(Path{portal, {"10.0.0.9", ""}}), "10.0.0.1:4420 from 10.0.0.9");
  EXPECT_EQ(Describe(Path{portal, {"", "eth1"}}), "10.0.0.1:4420 from %eth1");
  EXPECT_EQ(Describe(Path{portal, {"10.0.0.9", "eth1"}}), "10.0.0.1:4420 from 10.0.0.9%eth1");
  EXPECT_EQ(Describe(Path{Tcp("2001:db8::1", "4420"), {}}), "[2001:db8::1]:4420");
}

TEST(DescribeTest, SaysTheTransportThatIsNotTcp) {
  EXPECT_EQ(Describe(Path{{"rdma", "10.0.0.1", "4420"}, {"10.0.0.9", ""}}),
            "rdma://10.0.0.1:4420 from 10.0.0.9");
  EXPECT_EQ(Describe(Path{{"fc", "nn-0x2000000000000001:pn-0x2000000000000002", ""},
                          {"nn-0x1000000000000001:pn-0x1000000000000002", ""}}),
            "fc://nn-0x2000000000000001:pn-0x2000000000000002 from "
            "nn-0x1000000000000001:pn-0x1000000000000002");
}

}  // namespace
}  // namespace nvmeof::volume
