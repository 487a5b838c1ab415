// Our csi.proto carries every fact of the released CSI 1.13.0 and no other: the compiled
// descriptors and the table beside this file are the same set of rows.
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

#include "csi/v1/csi.pb.h"

namespace nvmeof::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::OneofDescriptor;
using google::protobuf::ServiceDescriptor;

using Rows = std::set<std::string>;

std::string Row(const std::vector<std::string>& cells) { return absl::StrJoin(cells, "\t"); }

Rows Table() {
  Rows rows;
  std::ifstream file(NVMEOF_SOURCE_DIR "/tests/conformance/csi-1.13.tsv");
  for (std::string line; std::getline(file, line);) rows.insert(line);
  return rows;
}

std::string TypeOf(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

void AddField(const FieldDescriptor& field, Rows& rows) {
  const std::string owner = field.containing_type()->full_name();
  std::string label = field.is_repeated() ? "repeated" : "optional";
  std::string type = TypeOf(field);
  if (field.is_map()) {
    label = "map";
    type = absl::StrCat("map<", TypeOf(*field.message_type()->map_key()), ",",
                        TypeOf(*field.message_type()->map_value()), ">");
  }
  rows.insert(Row({"field", owner, field.name(), absl::StrCat(field.number()), label, type}));
  if (field.options().GetExtension(csi::v1::csi_secret)) {
    rows.insert(Row({"secret", owner, field.name()}));
  }
}

void AddOneof(const OneofDescriptor& oneof, Rows& rows) {
  std::set<std::string> names;
  for (int i = 0; i < oneof.field_count(); ++i) names.insert(oneof.field(i)->name());
  rows.insert(Row(
      {"oneof", oneof.containing_type()->full_name(), oneof.name(), absl::StrJoin(names, ",")}));
}

void AddEnum(const EnumDescriptor& type, Rows& rows) {
  for (int i = 0; i < type.value_count(); ++i) {
    rows.insert(Row(
        {"enum", type.full_name(), type.value(i)->name(), absl::StrCat(type.value(i)->number())}));
  }
}

void AddMessage(const Descriptor& message, Rows& rows) {
  if (message.options().map_entry()) return;
  rows.insert(Row({"type", message.full_name()}));
  for (int i = 0; i < message.field_count(); ++i) AddField(*message.field(i), rows);
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) AddOneof(*message.oneof_decl(i), rows);
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i), rows);
  for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(*message.nested_type(i), rows);
}

void AddService(const ServiceDescriptor& service, Rows& rows) {
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& method = *service.method(i);
    rows.insert(Row({"rpc", service.full_name(), method.name(), method.input_type()->full_name(),
                     method.output_type()->full_name(),
                     method.server_streaming() ? "server-stream" : "unary"}));
  }
}

const FileDescriptor& File() { return *csi::v1::Volume::descriptor()->file(); }

Rows Compiled() {
  Rows rows;
  for (int i = 0; i < File().message_type_count(); ++i) AddMessage(*File().message_type(i), rows);
  for (int i = 0; i < File().enum_type_count(); ++i) AddEnum(*File().enum_type(i), rows);
  for (int i = 0; i < File().service_count(); ++i) AddService(*File().service(i), rows);
  for (int i = 0; i < File().extension_count(); ++i) {
    const FieldDescriptor& mark = *File().extension(i);
    rows.insert(Row({"extension", mark.containing_type()->full_name(), mark.name(),
                     absl::StrCat(mark.number())}));
  }
  return rows;
}

Rows Minus(const Rows& all, const Rows& some) {
  Rows rest;
  for (const auto& row : all) {
    if (!some.contains(row)) rest.insert(row);
  }
  return rest;
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
