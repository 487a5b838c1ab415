// Liar: a server on the storage node that takes connections and is no NVMe/TCP target that works.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

#include "base/unique_fd.h"

namespace nvmeof::testing {

enum class Lie {
  kSilent,             // takes the connection, answers nothing
  kSilentAfterIcResp,  // begins the protocol properly, then answers nothing
  kHttp,               // speaks another protocol
};

// On a TCP port of all addresses of the storage node (see Network::Redirect). Destruction closes
// all connections.
class Liar {
 public:
  static absl::StatusOr<std::unique_ptr<Liar>> Start(int port, Lie lie);
  Liar(const Liar&) = delete;
  Liar& operator=(const Liar&) = delete;
  ~Liar();

 private:
  Liar(base::UniqueFd listener, base::UniqueFd stop, Lie lie);
  void Loop() const;
  void Answer(int connection) const;

  const base::UniqueFd listener_;
  const base::UniqueFd stop_;  // eventfd
  const Lie lie_;
  std::thread thread_;
};

}  // namespace nvmeof::testing
