// SocketWatch: notices at once when a server begins to listen on a Unix socket.
#pragma once

#include <string>

#include "absl/time/time.h"

#include "base/unique_fd.h"

namespace nvmeof::testing {

// Make it before the server is started. One thread at a time.
class SocketWatch {
 public:
  explicit SocketWatch(std::string path);

  // True as soon as a connection is taken; false after `limit`. The kernel announces that the
  // socket's file is made, which is a moment before it listens.
  bool Wait(absl::Duration limit);

 private:
  bool Connects() const;

  const std::string path_;
  base::UniqueFd events_;
};

}  // namespace nvmeof::testing
