// CsiClient: a CSI plugin's socket, seen from the outside.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"

#include "csi/v1/csi.grpc.pb.h"

namespace nvmeof::testing {

// gRPC's codes and Abseil's are the same numbers.
inline absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

inline constexpr absl::Duration kCallLimit = absl::Seconds(120);

// Calls one method of a stub: CallRpc(*stub, &Stub::Probe, request).
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallRpc(Stub& stub,
                                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                                 const Request& request, absl::Duration limit = kCallLimit) {
  grpc::ClientContext context;
  // Not absl::Now: it goes on from the old time for a while when the clock was set.
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(limit));
  Response response;
  const absl::Status status = FromGrpc((stub.*method)(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

// Safe to use from several threads. Follows a server that is started again.
class CsiClient {
 public:
  explicit CsiClient(const std::string& socket);

  csi::v1::Identity::Stub& identity() { return *identity_; }
  csi::v1::Controller::Stub& controller() { return *controller_; }
  csi::v1::Node::Stub& node() { return *node_; }

 private:
  std::unique_ptr<csi::v1::Identity::Stub> identity_;
  std::unique_ptr<csi::v1::Controller::Stub> controller_;
  std::unique_ptr<csi::v1::Node::Stub> node_;
};

}  // namespace nvmeof::testing
