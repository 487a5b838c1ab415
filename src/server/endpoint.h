// Endpoint: where a server listens, a Unix socket or a TCP address.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::server {

// Immutable value. Default-made it is no place at all.
class Endpoint {
 public:
  Endpoint() = default;

  // "unix:///csi/csi.sock" or "unix:/csi/csi.sock": an absolute path that ends in ".sock" (CSI
  // specification, "Required Configuration") and fits the kernel's 107 bytes. InvalidArgument says
  // what is allowed.
  [[nodiscard]] static absl::StatusOr<Endpoint> ParseUnix(absl::string_view text);

  // "127.0.0.1:4421" or "[::1]:4421": an IP literal and a port. InvalidArgument says what is
  // allowed.
  [[nodiscard]] static absl::StatusOr<Endpoint> ParseTcp(absl::string_view text);

  // False for no place at all.
  bool exists() const { return !address_.empty(); }

  // As gRPC spells it: "unix:/csi/csi.sock", "127.0.0.1:4421".
  const std::string& address() const { return address_; }

  // Empty for TCP.
  const std::string& socket_path() const { return socket_path_; }

  // False when other machines could reach it.
  bool local() const { return local_; }

 private:
  Endpoint(std::string address, std::string socket_path, bool local)
      : address_(std::move(address)), socket_path_(std::move(socket_path)), local_(local) {}

  std::string address_;
  std::string socket_path_;
  bool local_ = true;
};

// Makes room for a listener: removes a socket that nobody answers on, as a crash leaves it. The
// folder must exist: a missing one is a forgotten mount, and a socket in a new folder would be seen
// by nobody. Nothing to do for TCP. FailedPrecondition: somebody answers there, or the file is not
// a socket; it is left alone. NotFound: no such folder.
[[nodiscard]] absl::Status MakeRoom(const Endpoint& endpoint);

}  // namespace nvmeof::server
