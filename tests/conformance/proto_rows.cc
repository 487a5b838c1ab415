#include "tests/conformance/proto_rows.h"

#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.pb.h"

namespace nvmeof::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::OneofDescriptor;
using google::protobuf::ServiceDescriptor;

std::string Row(const std::vector<std::string>& cells) { return absl::StrJoin(cells, "\t"); }

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

std::string NamelessTypeOf(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return "message";
  if (field.enum_type() == nullptr) return field.type_name();
  std::set<int> numbers;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    numbers.insert(field.enum_type()->value(i)->number());
  }
  return absl::StrCat("enum ", absl::StrJoin(numbers, ","));
}

// `way` leads to the message: the method, the direction and the fields on the way, each with a dot.
void AddWay(const Descriptor& message, const std::string& way, Rows& rows) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const std::string here = absl::StrCat(way, field.name());
    rows.insert(Row({here, absl::StrCat(field.number()),
                     field.is_repeated() ? "repeated" : "optional", NamelessTypeOf(field)}));
    if (field.message_type() != nullptr) AddWay(*field.message_type(), here + ".", rows);
  }
}

}  // namespace

Rows TableRows(const std::string& name) {
  Rows rows;
  std::ifstream file(absl::StrCat(NVMEOF_SOURCE_DIR, "/tests/conformance/", name));
  for (std::string line; std::getline(file, line);) rows.insert(line);
  return rows;
}

Rows CompiledRows(const FileDescriptor& file) {
  Rows rows;
  for (int i = 0; i < file.message_type_count(); ++i) AddMessage(*file.message_type(i), rows);
  for (int i = 0; i < file.enum_type_count(); ++i) AddEnum(*file.enum_type(i), rows);
  for (int i = 0; i < file.service_count(); ++i) AddService(*file.service(i), rows);
  for (int i = 0; i < file.extension_count(); ++i) {
    const FieldDescriptor& mark = *file.extension(i);
    rows.insert(Row({"extension", mark.containing_type()->full_name(), mark.name(),
                     absl::StrCat(mark.number())}));
  }
  return rows;
}

Rows MethodRows(const ServiceDescriptor& service) {
  Rows rows;
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& method = *service.method(i);
    AddWay(*method.input_type(), Row({"method", method.name(), "request", ""}), rows);
    AddWay(*method.output_type(), Row({"method", method.name(), "reply", ""}), rows);
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

}  // namespace nvmeof::testing
