// HttpTransport: carries one HTTP request to a storage system and its answer back.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nvmeof::backend {

// Status codes that several storage systems answer with.
inline constexpr int kHttpOk = 200;
inline constexpr int kHttpUnauthorized = 401;

struct HttpRequest {
  std::string method;  // "GET", "POST", "PUT"
  std::string path;    // below the URL of the storage system, as it goes on the wire
  std::string body;    // JSON; empty = none

  friend bool operator==(const HttpRequest&, const HttpRequest&) = default;
};

struct HttpAnswer {
  int status = 0;
  std::string body;

  friend bool operator==(const HttpAnswer&, const HttpAnswer&) = default;
};

// Safe to use from several threads.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // The answer, whatever its status. Blocks until `deadline` at most, a point on the line of
  // base::Clock. Unavailable when the server cannot be reached, and when it ends the connection or
  // is silent after it had the request: what became of it is then not known, and the message says
  // so. Internal when the server is not the one that it should be, or the credentials cannot be
  // read.
  virtual absl::StatusOr<HttpAnswer> Exchange(const HttpRequest& request, absl::Time deadline) = 0;

  // Where the server is, for messages.
  virtual std::string Describe() const = 0;
};

}  // namespace nvmeof::backend
