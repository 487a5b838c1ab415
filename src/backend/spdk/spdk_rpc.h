// SpdkRpc: the calls of an SPDK target that the driver makes.
//
// One call, one request: it knows JSON-RPC, not volumes; SpdkBackend decides what to ask. Nothing
// is repeated here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

#include "backend/spdk/rpc_transport.h"

namespace nvmeof::backend {

// Safe to use from several threads. Errors, with the target and the method before the message:
// Unavailable is the transport's; NotFound, AlreadyExists, ResourceExhausted, FailedPrecondition
// and Aborted (a subsystem is being changed) where SPDK's text says so; Unimplemented for a method
// that the target does not know; Internal for all else, which for the methods of nvmf may have any
// cause: they answer "Invalid parameters" to most, so whoever called them has to look what is
// there.
class SpdkRpc {
 public:
  explicit SpdkRpc(std::unique_ptr<RpcTransport> transport) : transport_(std::move(transport)) {}

  // `Result` is a message whose field `result` is what the method answers.
  template <typename Result>
  absl::StatusOr<Result> Call(absl::string_view method, const google::protobuf::Message& params,
                              absl::Time deadline) {
    Result result;
    absl::Status status = CallInto(method, params, deadline, result);
    if (!status.ok()) return status;
    return result;
  }

 private:
  absl::Status CallInto(absl::string_view method, const google::protobuf::Message& params,
                        absl::Time deadline, google::protobuf::Message& result);

  const std::unique_ptr<RpcTransport> transport_;
  std::atomic<std::int64_t> last_id_ = 0;
};

// What SPDK's error means. Pure.
[[nodiscard]] absl::Status SpdkStatus(int code, const std::string& message);

}  // namespace nvmeof::backend
