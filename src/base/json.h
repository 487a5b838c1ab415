// Json: text made safe to stand in a JSON document.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace nvmeof::base {

// A JSON string with its quotes, valid UTF-8 and without a single control character, whatever bytes
// come in: those of C0, DEL and C1 are escaped, each byte that is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string QuoteJson(absl::string_view text);

}  // namespace nvmeof::base
