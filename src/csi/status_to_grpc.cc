#include "csi/status_to_grpc.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace nvmeof::csi {
namespace {

// A trailer may have 8 KiB by default, and bytes outside of ASCII triple on their way.
constexpr std::size_t kLongestMessage = 2048;

bool IsUtf8Continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

std::string Shortened(absl::string_view message) {
  if (message.size() <= kLongestMessage) return std::string(message);
  std::size_t end = kLongestMessage;
  while (end > 0 && IsUtf8Continuation(message[end])) --end;
  return absl::StrCat(message.substr(0, end), " ...");
}

}  // namespace

grpc::Status StatusToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Abseil took its codes, numbers included, from gRPC.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), Shortened(status.message()));
}

}  // namespace nvmeof::csi
