// Our csi.proto carries every fact of the released CSI 1.13.0 and no other: the compiled
// descriptors and the table beside this file are the same set of rows.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "csi/v1/csi.pb.h"
#include "tests/conformance/proto_rows.h"

namespace nvmeof::testing {
namespace {

Rows Table() { return TableRows("csi-1.13.tsv"); }

void AddSecrets(const google::protobuf::Descriptor& message, Rows& rows) {
  for (int i = 0; i < message.field_count(); ++i) {
    const auto& field = *message.field(i);
    if (!field.options().GetExtension(csi::v1::csi_secret)) continue;
    rows.insert(absl::StrCat("secret\t", message.full_name(), "\t", field.name()));
  }
}

// With CSI's own mark of the fields that hold secrets; all of them stand in messages at the top.
Rows Compiled() {
  const auto& file = *csi::v1::Volume::descriptor()->file();
  Rows rows = CompiledRows(file);
  for (int i = 0; i < file.message_type_count(); ++i) AddSecrets(*file.message_type(i), rows);
  return rows;
}

TEST(CsiProtoTest, HasEveryFactOfTheRelease) {
  ASSERT_GT(Table().size(), 400U);
  EXPECT_THAT(Minus(Table(), Compiled()), ::testing::IsEmpty());
}

TEST(CsiProtoTest, HasNoFactThatTheReleaseLacks) {
  EXPECT_THAT(Minus(Compiled(), Table()), ::testing::IsEmpty());
}

TEST(CsiProtoTest, KeepsNumbersOfRemovedElementsReserved) {
  using ControllerRpc = csi::v1::ControllerServiceCapability::RPC;
  using NodeRpc = csi::v1::NodeServiceCapability::RPC;
  EXPECT_TRUE(ControllerRpc::Type_descriptor()->IsReservedNumber(11));
  EXPECT_TRUE(NodeRpc::Type_descriptor()->IsReservedNumber(4));
  EXPECT_TRUE(csi::v1::ListVolumesResponse::VolumeStatus::descriptor()->IsReservedNumber(2));
  EXPECT_TRUE(
      csi::v1::ControllerGetVolumeResponse::VolumeStatus::descriptor()->IsReservedNumber(2));
  EXPECT_TRUE(csi::v1::NodeGetVolumeStatsResponse::descriptor()->IsReservedNumber(2));
}

}  // namespace
}  // namespace nvmeof::testing
