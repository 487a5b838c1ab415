// HttpServer: a few pages over plain HTTP, for probes and for people. It knows none of them.
//
// Strangers can reach it, so they are bounded: one thread, a number of connections at a time, a
// time for each connection from its beginning to its end, whatever it sends, and short requests
// without a body. GET and HEAD only. libevent is behind it, in http_server.cc only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/endpoint.h"

namespace nvmeof::server {

struct HttpAnswer {
  int status = 200;
  std::string text;  // text/plain
};

// Runs on the server's only thread, so it must not block.
using HttpPage = std::function<HttpAnswer()>;

struct HttpLimits {
  // What comes beyond them waits in the kernel.
  int connections = 32;
  // From the accept to the close. A probe's patience is a second by default.
  absl::Duration connection = absl::Seconds(2);
};

// Serves from its making to its destruction, which does not wait for clients.
class HttpServer {
 public:
  // `pages` by path ("/healthz"); other paths are 404. REQUIRES: the endpoint is one of TCP; "[::]"
  // is both families where the machine has both. Unavailable, with the cause, when the address
  // cannot be listened on.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const Endpoint& endpoint, const std::map<std::string, HttpPage>& pages,
      HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  class Loop;
  explicit HttpServer(std::unique_ptr<Loop> loop);

  const std::unique_ptr<Loop> loop_;
};

}  // namespace nvmeof::server
