// Rpc: one call from outside in progress; RpcEdge: what all of them pass through.
//
// Every method of every service runs inside RpcEdge::Run, which gives the call its deadline, turns
// its status into gRPC's and logs it with one line. The method itself parses, performs under a
// claim, and encodes.
#pragma once

#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"

#include "base/call.h"
#include "base/claims.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/workers.h"

namespace nvmeof::csi {

using LogSink =
    std::function<void(base::Level, absl::string_view, const std::vector<base::LogField>&)>;

struct RpcOptions {
  absl::Duration default_time = absl::Minutes(2);  // of a caller that gives no deadline
  absl::Duration longest_time = absl::Minutes(5);  // whatever the caller gives
  bool log_requests = false;                       // each request, redacted, at debug level
  LogSink log = base::Log;
};

// A changing call is logged at info level, one that only looks at debug level; a failure of either
// at warning or error level.
enum class RpcKind { kChange, kLook };

class Rpc;

// Safe to use from several threads. Borrows clock and workers. Steps that outlive their call use
// it: destroy the workers first, or never.
class RpcEdge {
 public:
  RpcEdge(const base::Clock& clock, base::Workers& workers, RpcOptions options = {});

  // Runs the method's body and answers for it. The logged name is that of the request's type.
  grpc::Status Run(const grpc::ServerContext& context, const google::protobuf::Message& request,
                   RpcKind kind, absl::FunctionRef<absl::Status(Rpc&)> body);

  // What Rpc::Perform takes: for whoever acts on volumes beside the calls.
  base::Claims& claims() { return claims_; }

 private:
  friend class Rpc;

  const base::Clock& clock_;
  base::Workers& workers_;
  const RpcOptions options_;
  base::Claims claims_;
};

// One thread at a time; lives inside Run.
class Rpc {
 public:
  using Step = absl::AnyInvocable<absl::Status(base::Call&)>;
  template <typename Value>
  using StepFor = absl::AnyInvocable<absl::StatusOr<Value>(base::Call&)>;

  // Runs `step` on a worker under the claim on `key` (no claim for an empty one) and waits for it.
  // The step may outlive this call: it owns the claim and must own all else that it touches, save
  // what lives as long as the services. Errors beyond the step's own:
  //   Aborted            another call holds the claim; nothing was done
  //   DeadlineExceeded   the step still runs; until it ends, calls on this key are Aborted
  //   ResourceExhausted  too many calls are stuck; nothing was done
  [[nodiscard]] absl::Status Perform(absl::string_view key, Step step);

  // The same for a step with a result.
  template <typename Value>
  [[nodiscard]] absl::StatusOr<Value> PerformFor(absl::string_view key, StepFor<Value> step) {
    std::promise<Value> promise;
    std::future<Value> future = promise.get_future();
    auto work = [promise = std::move(promise), step = std::move(step)](base::Call& call) mutable {
      absl::StatusOr<Value> value = step(call);
      if (!value.ok()) return value.status();
      promise.set_value(*std::move(value));
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(Perform(key, std::move(work)));
    return future.get();  // set before the step answered OK
  }

  // The same without a claim, for steps that only look.
  template <typename Value>
  [[nodiscard]] absl::StatusOr<Value> LookFor(StepFor<Value> step) {
    return PerformFor<Value>("", std::move(step));
  }

  // Adds to the call's line in the log what its request does not tell.
  void Note(absl::string_view key, std::string value);

 private:
  friend class RpcEdge;
  struct Work;

  // By when the step shall end, and by when the caller gets its answer: a little before the
  // caller's own deadline, or the cause would never reach it.
  struct Deadlines {
    absl::Time step;
    absl::Time answer;
  };

  Rpc(RpcEdge& edge, const grpc::ServerContext& context, const google::protobuf::Message& request);

  Deadlines DeadlinesFrom(std::optional<absl::Duration> left) const;
  void LogEnd(RpcKind kind, const absl::Status& status) const;

  RpcEdge& edge_;
  const absl::Time start_;
  const Deadlines deadlines_;
  std::vector<std::pair<std::string, std::string>> subject_;  // of the log line
  std::vector<base::Call::Step> steps_;
};

}  // namespace nvmeof::csi
