// RpcTransport: carries one JSON-RPC request to an SPDK target and its answer back.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "base/clock.h"

namespace nvmeof::backend {

// Safe to use from several threads.
class RpcTransport {
 public:
  virtual ~RpcTransport() = default;

  // The answer's text. Blocks until `deadline` at most, a point on the line of base::Clock.
  // Unavailable when the target cannot be reached, and when it ends the connection or is silent
  // after it had the request: what became of it is then not known.
  virtual absl::StatusOr<std::string> Exchange(absl::string_view request, absl::Time deadline) = 0;

  // Where the target is, for messages.
  virtual std::string Describe() const = 0;
};

// The socket of an SPDK application (its option -r). A connection for each request: it costs little
// on one machine, and an answer then never belongs to another request.
class UnixRpcTransport final : public RpcTransport {
 public:
  // Borrows the clock.
  UnixRpcTransport(std::string path, const base::Clock& clock)
      : path_(std::move(path)), clock_(clock) {}

  absl::StatusOr<std::string> Exchange(absl::string_view request, absl::Time deadline) override;
  std::string Describe() const override { return "unix://" + path_; }

 private:
  const std::string path_;
  const base::Clock& clock_;
};

}  // namespace nvmeof::backend
