// Authentication: the keys with which a host and a subsystem prove to each other who they are
// (DH-HMAC-CHAP, NVMe Base Specification 2.0, section 8.13.5).
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "volume/parameters.h"

namespace nvmeof::volume {

// Immutable value. Always valid: made by Parse alone. Nothing prints it; its text is for the kernel
// and for storage systems.
class DhchapKey {
 public:
  // "DHHC-1:<hash>:<base64>:", as nvme gen-dhchap-key and every target write it: 32, 48 or 64 bytes
  // and their CRC-32, the first length for hash 01, the second for 02, the third for 03, any for
  // 00. InvalidArgument names `field` and what is wrong, and nothing of the text.
  [[nodiscard]] static absl::StatusOr<DhchapKey> Parse(absl::string_view field,
                                                       absl::string_view text);

  const std::string& text() const { return text_; }

  friend bool operator==(const DhchapKey&, const DhchapKey&) = default;
  friend std::ostream& operator<<(std::ostream& out, const DhchapKey&) { return out << "(secret)"; }

 private:
  explicit DhchapKey(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct AuthenticationKeys {
  DhchapKey host;  // by which the subsystem knows the host
  // By which the host knows the subsystem; without it, it does not ask.
  std::optional<DhchapKey> controller = {};

  friend bool operator==(const AuthenticationKeys&, const AuthenticationKeys&) = default;
};

// Keys of a CSI secret map.
inline constexpr char kDhchapSecret[] = "dhchapSecret";
inline constexpr char kDhchapCtrlSecret[] = "dhchapCtrlSecret";

// From the secrets of a CSI call, under the two keys above; others are somebody else's. Nothing
// without kDhchapSecret. Errors are those of Parse; InvalidArgument for kDhchapCtrlSecret alone,
// which the kernel cannot use.
[[nodiscard]] absl::StatusOr<std::optional<AuthenticationKeys>> ParseAuthentication(
    const StringMap& secrets);

}  // namespace nvmeof::volume
