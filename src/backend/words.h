// Words: what the caller calls a volume, or asks of it, as text that a backend keeps and never
// interprets.
//
// A storage system without room for text keeps the digest of words instead. It is text of its own
// form, so that what is kept tells which of the two it is. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace nvmeof::backend {

// "#" and 26 of a-z and 2-7: 130 bits of the SHA-256 of the words. The digest of a digest is
// itself.
[[nodiscard]] std::string DigestOf(absl::string_view words);

[[nodiscard]] bool IsDigest(absl::string_view text);

// A digest without its mark, for names that take letters and digits only.
[[nodiscard]] std::string BareDigestOf(absl::string_view words);
// Nothing for text that is none.
[[nodiscard]] std::optional<std::string> MarkedDigest(absl::string_view bare);

// True when `kept`, words or their digest, is what `words` say.
[[nodiscard]] bool SameWords(absl::string_view kept, absl::string_view words);

}  // namespace nvmeof::backend
