// HttpRpcTransport: the HTTP proxy that SPDK ships (rpc_http_proxy.py), for a target on another
// machine.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "backend/http/http_transport.h"
#include "backend/spdk/rpc_transport.h"

namespace nvmeof::backend {

// Errors are those of HttpTransport; Internal when the proxy refuses our login or the request, and
// Unavailable when it had no answer of the target: what became of the request is then not known.
class HttpRpcTransport final : public RpcTransport {
 public:
  explicit HttpRpcTransport(std::unique_ptr<HttpTransport> http) : http_(std::move(http)) {}

  absl::StatusOr<std::string> Exchange(absl::string_view request, absl::Time deadline) override;
  std::string Describe() const override { return http_->Describe(); }

 private:
  const std::unique_ptr<HttpTransport> http_;
};

}  // namespace nvmeof::backend
