// CephGateways: the gateways of one group of Ceph's NVMe-oF gateway, as the controller reaches
// them.
//
// It knows gRPC and time, not volumes: CephBackend decides what to ask. All gateways of a group
// serve the same subsystems, and each takes changes for all of them; so the controller asks one,
// and goes over to the next when that one is gone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"

#include "backend/backends_config.h"
#include "base/clock.h"
#include "ceph/gateway.grpc.pb.h"

namespace nvmeof::backend {

// A method of the API and its name, for messages.
template <typename Request, typename Reply>
struct GatewayMethod {
  const char* name;
  grpc::Status (::Gateway::Stub::*ask)(grpc::ClientContext*, const Request&, Reply*);
};

// Borrows the clock. Connects when it is first asked, and by itself again after a connection is
// lost. Safe to use from several threads; every call blocks until `deadline` at most.
//
// Errors, with the gateway and the method before the message, are those of GatewayStatus, and:
// Unavailable when no gateway can be reached, or none answers in time: the outcome is not known.
// FailedPrecondition when a file with a key or a certificate cannot be read.
class CephGateways {
 public:
  CephGateways(std::string backend, CephConfig config, const base::Clock& clock);

  const std::vector<CephGatewayConfig>& all() const { return config_.gateways; }

  // Asks the gateway that answered last, or else the others in turn. A call whose gateway went
  // away meanwhile is made again at the next, so it must be one that may be carried out twice.
  // Answers whose errno is among `fine` are answers, not errors.
  template <typename Request, typename Reply>
  absl::StatusOr<Reply> Ask(const GatewayMethod<Request, Reply>& method, const Request& request,
                            absl::Time deadline, const std::vector<int>& fine = {}) {
    return AskFrom(current_, method, request, deadline, fine);
  }

  // The same, beginning with this one.
  template <typename Request, typename Reply>
  absl::StatusOr<Reply> AskFrom(std::size_t first, const GatewayMethod<Request, Reply>& method,
                                const Request& request, absl::Time deadline,
                                const std::vector<int>& fine = {}) {
    Reply reply;
    absl::Status status =
        TryInTurn(first, method.name, deadline, fine, Bind(method, request, reply));
    if (!status.ok()) return status;
    return reply;
  }

  // The one that is asked first.
  std::size_t current() const { return current_; }

  // Asks this gateway and no other, once.
  template <typename Request, typename Reply>
  absl::StatusOr<Reply> AskOnly(std::size_t gateway, const GatewayMethod<Request, Reply>& method,
                                const Request& request, absl::Time deadline,
                                const std::vector<int>& fine = {}) {
    Reply reply;
    absl::Status status =
        Try(gateway, method.name, deadline, fine, Bind(method, request, reply)).status;
    if (!status.ok()) return status;
    return reply;
  }

  // Asks this gateway and no other, once; any of them where none is named.
  template <typename Request, typename Reply>
  absl::StatusOr<Reply> AskAt(std::optional<std::size_t> gateway,
                              const GatewayMethod<Request, Reply>& method, const Request& request,
                              absl::Time deadline, const std::vector<int>& fine = {}) {
    return gateway.has_value() ? AskOnly(*gateway, method, request, deadline, fine)
                               : Ask(method, request, deadline, fine);
  }

 private:
  // What a gateway said, or that it said nothing.
  struct Spoken {
    grpc::Status transport;
    std::int32_t status;
    std::string message;
  };
  using Call = std::function<Spoken(::Gateway::Stub&, grpc::ClientContext&)>;

  struct Outcome {
    absl::Status status;
    bool ask_another;  // this gateway cannot answer, and others may
  };

  template <typename Request, typename Reply>
  static Call Bind(const GatewayMethod<Request, Reply>& method, const Request& request,
                   Reply& reply) {
    return [&](::Gateway::Stub& stub, grpc::ClientContext& context) {
      reply.Clear();
      grpc::Status transport = (stub.*method.ask)(&context, request, &reply);
      return Spoken{std::move(transport), reply.status(), reply.error_message()};
    };
  }

  absl::Status TryInTurn(std::size_t first, const char* method, absl::Time deadline,
                         const std::vector<int>& fine, const Call& call);
  Outcome Try(std::size_t gateway, const char* method, absl::Time deadline,
              const std::vector<int>& fine, const Call& call);
  absl::StatusOr<::Gateway::Stub*> StubOf(std::size_t gateway);

  const std::string backend_;
  const CephConfig config_;
  const base::Clock& clock_;
  std::atomic<std::size_t> current_ = 0;
  absl::Mutex mutex_;
  // Null until it is first asked. None is ever replaced.
  std::vector<std::unique_ptr<::Gateway::Stub>> stubs_ ABSL_GUARDED_BY(mutex_);
};

// What the status in an answer means: an errno, of either sign. OK for 0. Unavailable is for what
// passes by itself, such as the lock of the group that another call holds. Pure.
[[nodiscard]] absl::Status GatewayStatus(int status, const std::string& message);

}  // namespace nvmeof::backend
