#include "volume/authentication.h"

#include <cstddef>
#include <cstdint>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "base/status_macros.h"

namespace nvmeof::volume {
namespace {

constexpr std::size_t kCrcBytes = 4;

struct Shape {
  absl::string_view hash;
  std::size_t bytes;
};
constexpr Shape kShapes[] = {{"00", 32}, {"00", 48}, {"00", 64},
                             {"01", 32}, {"02", 48}, {"03", 64}};

// That of zlib and Ethernet.
std::uint32_t Crc32(absl::string_view bytes) {
  constexpr std::uint32_t kPolynomial = 0xedb88320;
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
  }
  return ~crc;
}

std::uint32_t LittleEndian(absl::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    number = (number << 8) | static_cast<unsigned char>(bytes[i - 1]);
  }
  return number;
}

// Nothing, or what is wrong.
absl::string_view FaultOf(absl::string_view text) {
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "DHHC-1:")) return "it does not begin with DHHC-1:";
  const std::size_t colon = rest.find(':');
  if (colon == absl::string_view::npos) return "it has no part after the hash";
  const absl::string_view hash = rest.substr(0, colon);
  rest.remove_prefix(colon + 1);
  if (!absl::ConsumeSuffix(&rest, ":")) return "it does not end with a colon";
  std::string decoded;
  // Unescaping passes over blanks, which would end the kernel's option.
  if (!absl::Base64Unescape(rest, &decoded) || absl::Base64Escape(decoded) != rest) {
    return "its key is not base64";
  }
  if (decoded.size() < kCrcBytes) return "its key is too short";
  const absl::string_view bytes(decoded.data(), decoded.size() - kCrcBytes);
  if (!absl::c_any_of(kShapes, [&](const Shape& shape) {
        return shape.hash == hash && shape.bytes == bytes.size();
      })) {
    return "its hash is not 00, 01, 02 or 03, or its key has not the hash's length";
  }
  if (LittleEndian(absl::string_view(decoded).substr(bytes.size())) != Crc32(bytes)) {
    return "its checksum does not fit: it is not as it was generated";
  }
  return "";
}

}  // namespace

absl::StatusOr<DhchapKey> DhchapKey::Parse(absl::string_view field, absl::string_view text) {
  const absl::string_view fault = FaultOf(text);
  if (fault.empty()) return DhchapKey(std::string(text));
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is not a DH-HMAC-CHAP key (DHHC-1:<hash>:<base64>:): ", fault));
}

absl::StatusOr<std::optional<AuthenticationKeys>> ParseAuthentication(const StringMap& secrets) {
  const auto host = secrets.find(kDhchapSecret);
  const auto controller = secrets.find(kDhchapCtrlSecret);
  if (host == secrets.end()) {
    if (controller == secrets.end()) return std::nullopt;
    return absl::InvalidArgumentError(
        absl::StrCat("secrets: ", kDhchapCtrlSecret, " is of no use without ", kDhchapSecret));
  }
  ASSIGN_OR_RETURN(DhchapKey key,
                   DhchapKey::Parse(absl::StrCat("secrets: ", kDhchapSecret), host->second));
  AuthenticationKeys keys{std::move(key)};
  if (controller != secrets.end()) {
    ASSIGN_OR_RETURN(keys.controller, DhchapKey::Parse(absl::StrCat("secrets: ", kDhchapCtrlSecret),
                                                       controller->second));
  }
  return keys;
}

}  // namespace nvmeof::volume
