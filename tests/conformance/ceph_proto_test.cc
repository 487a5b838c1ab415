// Our gateway.proto is what Ceph's gateways speak, as far as it goes: its messages have names of
// our own, and leave out what the driver does not use.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "ceph/gateway.pb.h"
#include "tests/conformance/proto_rows.h"

namespace nvmeof::testing {
namespace {

const google::protobuf::ServiceDescriptor& Service() {
  return *GatewayReply::descriptor()->file()->FindServiceByName("Gateway");
}

TEST(CephProtoTest, HasNoFieldThatTheGatewayLacks) {
  // With more methods and fields than we use.
  const Rows table = TableRows("ceph-gateway.tsv");
  ASSERT_GT(table.size(), 150U);
  EXPECT_THAT(Minus(MethodRows(Service()), table), ::testing::IsEmpty());
}

TEST(CephProtoTest, HasOneServiceOfUnaryCallsWithoutAPackage) {
  EXPECT_EQ(GatewayReply::descriptor()->file()->service_count(), 1);
  EXPECT_EQ(Service().full_name(), "Gateway");
  for (int i = 0; i < Service().method_count(); ++i) {
    EXPECT_FALSE(Service().method(i)->client_streaming()) << Service().method(i)->name();
    EXPECT_FALSE(Service().method(i)->server_streaming()) << Service().method(i)->name();
  }
}

}  // namespace
}  // namespace nvmeof::testing
