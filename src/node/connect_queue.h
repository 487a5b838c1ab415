// ConnectQueue: which of the waiting connects of a node goes next. Pure: no threads, no time.
//
// The order:
//   1. A volume without a live path, then further paths of volumes being attached, then repair.
//   2. Nobody starves: a priority that was passed over kPatience times while somebody waited in it
//      has one turn; of two such the lower one.
//   3. Within one priority, the subsystem that was served least recently; then the first to come.
//   4. Repair over a transport that nobody can probe waits until nothing else does, whatever 2
//   says:
//      each of its dead paths may hold the kernel for long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "nvme/fabric.h"
#include "volume/nqn.h"

namespace nvmeof::node {

enum class ConnectPriority {
  kFirstPath,    // its volume has no live path
  kFurtherPath,  // its volume is being attached and has one
  kRepair,       // nobody waits for it
};
inline constexpr std::size_t kConnectPriorities = 3;

// One thread at a time.
class ConnectQueue {
 public:
  using Ticket = std::uint64_t;

  static constexpr int kPatience = 8;

  Ticket Add(const nvme::ConnectRequest& request, ConnectPriority priority);

  // The one whose turn it is; it waits no more. When there is none, the node's connects are at
  // rest, and who was served before them is forgotten.
  std::optional<Ticket> TakeNext();

  // Who gives up. Nothing when it does not wait.
  void Remove(Ticket ticket);

  // The tickets of the subsystem that waited.
  std::vector<Ticket> RemoveAll(const volume::Nqn& subsystem);

  int Waiting(ConnectPriority priority) const;

 private:
  // The priorities, and the one of rule 4.
  static constexpr std::size_t kSlowLane = kConnectPriorities;
  static constexpr std::size_t kLanes = kSlowLane + 1;

  struct Entry {
    volume::Nqn subsystem;
    ConnectPriority priority;
    std::size_t lane;
  };

  std::optional<std::size_t> NextLane() const;
  std::uint64_t LastServed(const volume::Nqn& subsystem) const;

  std::map<Ticket, Entry> waiting_;
  std::array<int, kLanes> waiting_in_ = {};
  std::array<int, kLanes> passed_over_ = {};
  std::map<volume::Nqn, std::uint64_t> last_served_;  // by the number of the turn
  std::uint64_t turns_ = 0;
  Ticket next_ticket_ = 1;
};

}  // namespace nvmeof::node
