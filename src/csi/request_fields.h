// Request fields: the checks that all requests share, one field at a time (CSI specification,
// "Required vs. Optional Fields", "Size Limits", "Secrets Requirements"). All are pure and answer
// InvalidArgument naming the field, and never a secret's content.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

#include "csi/v1/csi.pb.h"
#include "volume/parameters.h"
#include "volume/size.h"

namespace nvmeof::csi {

[[nodiscard]] absl::Status Require(absl::string_view field, bool given);

// Every field that is set, at any depth: strings of at most 128 bytes (node ids 256, paths what the
// kernel takes), maps and lists of strings of at most 4 KiB, secret keys of letters, digits and
// "-_.".
[[nodiscard]] absl::Status CheckLimits(const google::protobuf::Message& request);

// None of the control characters that no name may hold (U+0000-8, B, C, E-1F, 7F-9F).
[[nodiscard]] absl::Status CheckName(absl::string_view name);

// Absolute, without "." and ".." parts and without control characters, so that what is compared
// with the mount table is what the kernel will act on.
[[nodiscard]] absl::Status CheckPath(absl::string_view field, absl::string_view path);

[[nodiscard]] volume::StringMap ToMap(const google::protobuf::Map<std::string, std::string>& map);

// At least one bound, none negative; OutOfRange when no size can meet both.
[[nodiscard]] absl::StatusOr<volume::SizeRange> ParseRange(const ::csi::v1::CapacityRange& range);

}  // namespace nvmeof::csi
