// What the methods of an SPDK target take, from version to version, and how it refuses a request
// that it cannot decode. Pure; for FakeSpdk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "google/protobuf/struct.pb.h"

namespace nvmeof::testing {

// As `year * 100 + month`.
enum class SpdkVersion { k2301 = 2301, k2305 = 2305, k2405 = 2405, k2605 = 2605 };
inline constexpr SpdkVersion kSpdkVersions[] = {SpdkVersion::k2301, SpdkVersion::k2305,
                                                SpdkVersion::k2405, SpdkVersion::k2605};
// "23.01"
[[nodiscard]] std::string FormatSpdkVersion(SpdkVersion version);

struct SpdkError {
  int code;
  std::string message;

  friend bool operator==(const SpdkError&, const SpdkError&) = default;
};

// Sorted.
[[nodiscard]] std::vector<std::string> MethodsOf(SpdkVersion version);

// Nothing when the method is there, and its parameters are known, complete and of the right type;
// without `params` none were sent.
[[nodiscard]] std::optional<SpdkError> RefusalOf(SpdkVersion version, const std::string& method,
                                                 const google::protobuf::Value* params);

}  // namespace nvmeof::testing
