#include "csi/request_fields.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "base/status_macros.h"
#include "csi/v1/csi.pb.h"

namespace nvmeof::csi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kLongestString = 128;
constexpr std::size_t kLongestNodeId = 256;
constexpr std::size_t kLongestPath = 4095;  // PATH_MAX without its final zero
constexpr std::size_t kLargestMap = 4096;   // keys and values together; also a list of strings

absl::Status TooLong(const FieldDescriptor& field, std::size_t size, std::size_t limit) {
  return absl::InvalidArgumentError(
      absl::StrCat(field.name(), " has ", size, " bytes; at most ", limit, " are allowed"));
}

std::size_t LimitOf(const FieldDescriptor& field) {
  if (field.name() == "node_id") return kLongestNodeId;
  if (absl::EndsWith(field.name(), "_path")) return kLongestPath;
  return kLongestString;
}

absl::Status CheckString(const Message& message, const FieldDescriptor& field) {
  const std::size_t size = message.GetReflection()->GetString(message, &field).size();
  return size > LimitOf(field) ? TooLong(field, size, LimitOf(field)) : absl::OkStatus();
}

absl::Status CheckStrings(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  std::size_t size = 0;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    size += reflection.GetRepeatedString(message, &field, i).size();
  }
  return size > kLargestMap ? TooLong(field, size, kLargestMap) : absl::OkStatus();
}

bool IsSecretKey(absl::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

absl::Status CheckMap(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  const bool secret = field.options().GetExtension(::csi::v1::csi_secret);
  std::size_t size = 0;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    const auto& parts = *entry.GetReflection();
    const std::string key = parts.GetString(entry, field.message_type()->map_key());
    size += key.size() + parts.GetString(entry, field.message_type()->map_value()).size();
    if (secret && !IsSecretKey(key)) {
      return absl::InvalidArgumentError(absl::StrCat(
          field.name(), " has a key with other characters than letters, digits, '-', '_' and '.'"));
    }
  }
  return size > kLargestMap ? TooLong(field, size, kLargestMap) : absl::OkStatus();
}

absl::Status CheckMessages(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  if (!field.is_repeated()) return CheckLimits(reflection.GetMessage(message, &field));
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    RETURN_IF_ERROR(CheckLimits(reflection.GetRepeatedMessage(message, &field, i)));
  }
  return absl::OkStatus();
}

absl::Status CheckField(const Message& message, const FieldDescriptor& field) {
  if (field.is_map()) return CheckMap(message, field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return CheckMessages(message, field);
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return absl::OkStatus();
  return field.is_repeated() ? CheckStrings(message, field) : CheckString(message, field);
}

// C0 and C1 controls and DEL; U+0080-9F are C2 80 to C2 9F in UTF-8.
bool IsControl(absl::string_view text, std::size_t i) {
  const auto byte = static_cast<unsigned char>(text[i]);
  if (byte < 0x20 || byte == 0x7F) return true;
  if (byte != 0xC2 || i + 1 == text.size()) return false;
  return static_cast<unsigned char>(text[i + 1]) < 0xA0;
}

}  // namespace

absl::Status Require(absl::string_view field, bool given) {
  if (given) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is required"));
}

absl::Status CheckLimits(const Message& request) {
  std::vector<const FieldDescriptor*> fields;
  request.GetReflection()->ListFields(request, &fields);
  for (const FieldDescriptor* field : fields) RETURN_IF_ERROR(CheckField(request, *field));
  return absl::OkStatus();
}

absl::Status CheckName(absl::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool allowed = name[i] == '\t' || name[i] == '\n' || name[i] == '\r';
    if (!allowed && IsControl(name, i)) {
      return absl::InvalidArgumentError(absl::StrCat("name holds a control character at byte ", i));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPath(absl::string_view field, absl::string_view path) {
  if (!absl::StartsWith(path, "/")) {
    return absl::InvalidArgumentError(absl::StrCat(field, " '", path, "' is not absolute"));
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (IsControl(path, i)) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, " holds a control character at byte ", i));
    }
  }
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part != "." && part != "..") continue;
    return absl::InvalidArgumentError(
        absl::StrCat(field, " '", path, "' holds a '", part, "' part"));
  }
  return absl::OkStatus();
}

volume::StringMap ToMap(const google::protobuf::Map<std::string, std::string>& map) {
  return {map.begin(), map.end()};
}

absl::StatusOr<volume::SizeRange> ParseRange(const ::csi::v1::CapacityRange& range) {
  if (range.required_bytes() < 0 || range.limit_bytes() < 0) {
    return absl::InvalidArgumentError("capacity_range holds a negative size");
  }
  if (range.required_bytes() == 0 && range.limit_bytes() == 0) {
    return absl::InvalidArgumentError("capacity_range needs required_bytes or limit_bytes");
  }
  if (range.limit_bytes() != 0 && range.required_bytes() > range.limit_bytes()) {
    return absl::OutOfRangeError(absl::StrCat("capacity_range requires ", range.required_bytes(),
                                              " bytes with a limit of ", range.limit_bytes()));
  }
  return volume::SizeRange{range.required_bytes(), range.limit_bytes()};
}

}  // namespace nvmeof::csi
