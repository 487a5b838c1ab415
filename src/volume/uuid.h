// Uuid: 16 bytes that name a volume's namespace for ever; also the form of an NGUID.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::volume {

// Immutable value.
class Uuid {
 public:
  // Accepts the 8-4-4-4-12 form and 32 hex digits, in either case. InvalidArgument for anything
  // else and for the nil UUID, which no namespace may carry.
  [[nodiscard]] static absl::StatusOr<Uuid> Parse(absl::string_view text);

  // A random one (version 4) from the kernel's generator.
  [[nodiscard]] static Uuid Random();

  std::string Dashed() const;  // 8-4-4-4-12, lower case
  std::string Hex() const;     // 32 digits, lower case: the form of an NGUID

  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  friend bool operator==(const Uuid&, const Uuid&) = default;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  explicit Uuid(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}
  std::array<std::uint8_t, 16> bytes_;
};

}  // namespace nvmeof::volume
