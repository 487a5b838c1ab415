// Nqn: an NVMe qualified name that is safe to hand to the kernel.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "volume/uuid.h"

namespace nvmeof::volume {

// Immutable value. Always valid: made by Parse alone.
class Nqn {
 public:
  // InvalidArgument, with the value and the reason, unless the text is "nqn.<yyyy-mm>.<reversed
  // domain>", then perhaps ":" and a name (the uuid form is one of these), has at most 222 bytes
  // (the Linux host refuses 223 although the NVMe base specification allows them), and is printable
  // ASCII without blanks, commas and slashes: the kernel's option string is comma separated and
  // knows no escapes, and in the kernel target's configfs a NQN names a folder.
  [[nodiscard]] static absl::StatusOr<Nqn> Parse(absl::string_view text);

  const std::string& text() const { return text_; }

  friend bool operator==(const Nqn&, const Nqn&) = default;
  friend auto operator<=>(const Nqn&, const Nqn&) = default;

 private:
  explicit Nqn(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The subsystem that shows a volume of ours and nothing else. Other text after
// "nqn.2026-01.dev.nvmeof:" names no volume.
[[nodiscard]] Nqn NqnOfVolume(const Uuid& volume);

}  // namespace nvmeof::volume
