// HttpClient: the HttpTransport of storage systems that speak HTTP. libcurl is behind it, in
// http_client.cc only.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/http/http_endpoint.h"
#include "backend/http/http_transport.h"
#include "base/clock.h"

namespace nvmeof::backend {

// A connection for each request: an answer then never belongs to another request, and no request is
// sent twice. HTTP 1.1 and Basic authentication; TLS 1.2 or later. Proxies of the environment are
// not used, redirects not followed. A server gets ten seconds to accept the connection.
//
// Immutable but for the files, which are read for each request. Errors and messages never hold what
// is in them.
class HttpClient final : public HttpTransport {
 public:
  // Borrows the clock.
  HttpClient(HttpEndpoint endpoint, const base::Clock& clock)
      : endpoint_(std::move(endpoint)), clock_(clock) {}

  absl::StatusOr<HttpAnswer> Exchange(const HttpRequest& request, absl::Time deadline) override;
  std::string Describe() const override { return endpoint_.url; }

 private:
  const HttpEndpoint endpoint_;
  const base::Clock& clock_;
};

}  // namespace nvmeof::backend
