#include "node/record_codec.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/json_util.h"

#include "base/log.h"

namespace nvmeof::node {
namespace {

constexpr absl::string_view kSuffix = ".json";

absl::Status ReadOne(
    const base::RecordFiles& files, const std::string& name,
    absl::FunctionRef<absl::Status(const std::string& name, const std::string& json)> read) {
  ASSIGN_OR_RETURN(const std::string json, files.Read(name));
  return read(name, json);
}

}  // namespace

std::string RecordFileName(absl::string_view key) {
  constexpr std::size_t kLongest = 200;
  std::string name;
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    hash = (hash ^ byte) * 0x100000001b3U;
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || (c == '.' && !name.empty())) {
      name.push_back(c);
    } else {
      absl::StrAppendFormat(&name, "%%%02X", byte);
    }
  }
  if (name.size() > kLongest) {
    name.resize(kLongest);
    absl::StrAppendFormat(&name, "%%%016x", hash);
  }
  return absl::StrCat(name, kSuffix);
}

absl::StatusOr<std::string> PrintRecord(const google::protobuf::Message& record) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  if (!google::protobuf::util::MessageToJsonString(record, &json, options).ok()) {
    return absl::InternalError("the record has no JSON");
  }
  return json;
}

absl::Status ParseRecord(const std::string& json, google::protobuf::Message& record) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &record, options);
  if (parsed.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("not a record: ", std::string(parsed.message())));
}

absl::Status ReadRecords(
    base::RecordFiles& files, absl::string_view kind,
    absl::FunctionRef<absl::Status(const std::string& name, const std::string& json)> read) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.Names());
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, kSuffix)) continue;
    const absl::Status done = ReadOne(files, name, read);
    if (done.ok()) continue;
    base::Log(base::Level::kWarning, absl::StrCat(kind, " set aside"),
              {{"file", name}, {"why", std::string(done.message())}});
    if (const absl::Status aside = files.SetAside(name); !aside.ok()) {
      base::Log(base::Level::kWarning, "and it stays where it is",
                {{"file", name}, {"why", std::string(aside.message())}});
    }
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::node
