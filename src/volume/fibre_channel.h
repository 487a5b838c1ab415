// The address of a Fibre Channel port, as NVMe spells it: the names of its node and of itself.
// Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::volume {

// True for text that means such an address, right or wrong.
[[nodiscard]] bool IsFibreChannel(absl::string_view address);

// "nn-0x20000090fa942779:pn-0x20000090fa942780": one address has one spelling, with both prefixes
// 0x and small letters. The kernel takes each with 16 digits only. InvalidArgument with the text
// otherwise, and for a name that is zero: no port has it.
[[nodiscard]] absl::StatusOr<std::string> CanonicalFibreChannel(absl::string_view text);

}  // namespace nvmeof::volume
