// Our registration.proto is what the kubelet speaks.
#include "gtest/gtest.h"

#include "pluginregistration/v1/registration.pb.h"
#include "tests/conformance/proto_rows.h"

namespace nvmeof::testing {
namespace {

TEST(RegistrationProtoTest, IsThatOfTheKubelet) {
  const Rows table = TableRows("kubelet-registration.tsv");
  ASSERT_EQ(table.size(), 12U);
  EXPECT_EQ(CompiledRows(*pluginregistration::PluginInfo::descriptor()->file()), table);
}

}  // namespace
}  // namespace nvmeof::testing
