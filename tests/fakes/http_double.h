// HttpDouble: an HTTP server on this machine's loopback that answers as a test says, with TLS or
// without. One connection after the other, one request for each.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "tests/fakes/test_certificate.h"

namespace nvmeof::testing {

class HttpDouble {
 public:
  // The request's text to the answer's, both as on the wire. An empty answer closes the connection.
  using Serve = std::function<std::string(const std::string& request)>;

  // Null = without TLS. Borrows the certificate.
  HttpDouble(Serve serve, const TestCertificate* certificate);
  ~HttpDouble();
  HttpDouble(const HttpDouble&) = delete;
  HttpDouble& operator=(const HttpDouble&) = delete;

  std::string Url() const;
  // From now on it closes connections after the header of the request, whatever follows.
  void HangUp() { hang_up_ = true; }

  // An answer with its length.
  static std::string Answer(const std::string& status, const std::string& body);

 private:
  class Stream;
  void Run();

  const Serve serve_;
  const TestCertificate* const certificate_;
  base::UniqueFd listening_;
  std::uint16_t port_ = 0;
  std::atomic<bool> hang_up_ = false;
  std::thread thread_;
};

}  // namespace nvmeof::testing
