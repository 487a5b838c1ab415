#include "base/json.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace nvmeof::base {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: the text does not begin with well-formed UTF-8
};

std::uint32_t Byte(absl::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

// The first character. Overlong forms, surrogates and what lies beyond U+10FFFF are not
// well-formed (The Unicode Standard, table "Well-Formed UTF-8 Byte Sequences").
Character Decode(absl::string_view text) {
  const std::uint32_t lead = Byte(text, 0);
  if (lead < 0x80) return {lead, 1};
  std::size_t bytes = 0;
  std::uint32_t least = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    bytes = 2;
    least = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    bytes = 3;
    least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    bytes = 4;
    least = 0x10000;
  }
  if (bytes == 0 || text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((Byte(text, i) & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (Byte(text, i) & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least || code > 0x10FFFF || surrogate) return {};
  return {code, bytes};
}

std::string Escape(std::uint32_t code) {
  switch (code) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return absl::StrFormat("\\u%04x", code);
  }
}

bool NeedsEscape(std::uint32_t code) {
  return code < 0x20 || code == '"' || code == '\\' || (code >= 0x7F && code <= 0x9F);
}

}  // namespace

std::string QuoteJson(absl::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Character character = Decode(text);
    if (character.bytes == 0) {
      absl::StrAppend(&quoted, kReplacement);
      text.remove_prefix(1);
      continue;
    }
    const absl::string_view raw = text.substr(0, character.bytes);
    absl::StrAppend(&quoted, NeedsEscape(character.code) ? Escape(character.code) : raw);
    text.remove_prefix(character.bytes);
  }
  quoted += '"';
  return quoted;
}

}  // namespace nvmeof::base
