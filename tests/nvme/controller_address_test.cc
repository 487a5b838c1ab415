#include "nvme/controller_address.h"

#include "gtest/gtest.h"

namespace nvmeof::nvme {
namespace {

struct Case {
  absl::string_view transport;
  absl::string_view address;
  volume::Path path;
};

class ControllerAddressTest : public ::testing::TestWithParam<Case> {};

TEST_P(ControllerAddressTest, IsReadByItsKeys) {
  EXPECT_EQ(ParseControllerAddress(GetParam().transport, GetParam().address), GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ControllerAddressTest,
    ::testing::Values(
        Case{"tcp", "traddr=192.0.2.1,trsvcid=4420", {{"tcp", "192.0.2.1", "4420"}, {}}},
        Case{"tcp",
             "traddr=192.0.2.1,trsvcid=4420,src_addr=192.0.2.9",
             {{"tcp", "192.0.2.1", "4420"}, {}}},
        Case{"tcp",
             "traddr=192.0.2.1,trsvcid=4421,host_traddr=192.0.2.9,host_iface=eth1,src_addr=192.0.2."
             "9",
             {{"tcp", "192.0.2.1", "4421"}, {"192.0.2.9", "eth1"}}},
        Case{"tcp",
             "traddr=192.0.2.1,trsvcid=4420,host_iface=eth1",
             {{"tcp", "192.0.2.1", "4420"}, {"", "eth1"}}},
        Case{"tcp",
             "traddr=2001:DB8:0:0:0:0:0:1,trsvcid=4420,host_traddr=2001:db8::0002",
             {{"tcp", "2001:db8::1", "4420"}, {"2001:db8::2", ""}}},
        Case{"tcp", "traddr=fe80::1%eth0,trsvcid=4420", {{"tcp", "fe80::1%eth0", "4420"}, {}}},
        Case{"fc",
             "traddr=nn-0x10:pn-0x20,host_traddr=nn-0x30:pn-0x40",
             {{"fc", "nn-0x10:pn-0x20", ""}, {"nn-0x30:pn-0x40", ""}}},
        Case{"fc",
             "traddr=nn-0x20000090FA942779:pn-20000090fa942780,trsvcid=none,host_traddr="
             "nn-0x10000090FA945240:pn-0x10000090fa945241",
             {{"fc", "nn-0x20000090fa942779:pn-0x20000090fa942780", ""},
              {"nn-0x10000090fa945240:pn-0x10000090fa945241", ""}}},
        Case{"rdma",
             "traddr=192.0.2.1,trsvcid=4420,host_traddr=192.0.2.9",
             {{"rdma", "192.0.2.1", "4420"}, {"192.0.2.9", ""}}},
        Case{"pcie", "0000:00:04.0", {{"pcie", "", ""}, {}}},
        Case{"tcp", "", {{"tcp", "", ""}, {}}}));

}  // namespace
}  // namespace nvmeof::nvme
