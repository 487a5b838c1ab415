// What the node plugin's records have in common as files: one JSON text each, under a name that is
// made from the key of what it speaks of.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

#include "base/record_files.h"
#include "base/status_macros.h"

namespace nvmeof::node {

// Letters, digits and "._-" of the key stay, other bytes become %XX; a name that would be too long
// for a file ends in a hash instead. Pure.
[[nodiscard]] std::string RecordFileName(absl::string_view key);

[[nodiscard]] absl::StatusOr<std::string> PrintRecord(const google::protobuf::Message& record);

// DataLoss for what is no such record. Unknown fields are passed over: a newer version of ours may
// say more.
[[nodiscard]] absl::Status ParseRecord(const std::string& json, google::protobuf::Message& record);

// Calls `read` with the name and the text of each record. A file that it refuses, or that cannot be
// read, is set aside and logged as one of `kind`; the others are read all the same.
[[nodiscard]] absl::Status ReadRecords(
    base::RecordFiles& files, absl::string_view kind,
    absl::FunctionRef<absl::Status(const std::string& name, const std::string& json)> read);

}  // namespace nvmeof::node
