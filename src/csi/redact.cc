#include "csi/redact.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"

#include "csi/v1/csi.pb.h"

namespace nvmeof::csi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kPlaceholder[] = "(secret)";

// Clears the secrets of `message` and its parts, and collects the names of those that were set.
void Strip(Message& message, std::vector<std::string>& stripped) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->options().GetExtension(::csi::v1::csi_secret)) {
      reflection.ClearField(&message, field);
      stripped.push_back(field->name());
    } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) {
      continue;  // the protocol's maps are of strings to strings
    } else if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        Strip(*reflection.MutableRepeatedMessage(&message, field, i), stripped);
      }
    } else {
      Strip(*reflection.MutableMessage(&message, field), stripped);
    }
  }
}

}  // namespace

std::string Redact(const Message& message) {
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  std::vector<std::string> stripped;
  Strip(*copy, stripped);
  std::string text = copy->ShortDebugString();
  for (const std::string& name : stripped) {
    absl::StrAppend(&text, text.empty() ? "" : " ", name, ": ", kPlaceholder);
  }
  return text;
}

}  // namespace nvmeof::csi
