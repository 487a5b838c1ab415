// ConnectOptions and AttachPolicy: how a volume's paths are to be connected. Values come from
// StorageClass parameters (volume/parameters), which also holds their names, bounds and defaults.
#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "volume/path.h"

namespace nvmeof::volume {

// One member per option of the kernel's connect. An unset member is not passed: the kernel's
// default holds. Whole seconds.
struct ConnectOptions {
  std::optional<absl::Duration> ctrl_loss_tmo;  // InfiniteDuration = never give up (-1)
  std::optional<absl::Duration> reconnect_delay;
  std::optional<absl::Duration> fast_io_fail_tmo;
  std::optional<absl::Duration> keep_alive_tmo;
  std::optional<int> nr_io_queues;
  std::optional<int> queue_size;
  bool hdr_digest = false;
  bool data_digest = false;

  friend bool operator==(const ConnectOptions&, const ConnectOptions&) = default;
};

enum class IoPolicy { kNuma, kRoundRobin, kQueueDepth };

// The kernel's own word, which is also the value of the parameter ioPolicy.
[[nodiscard]] constexpr absl::string_view Name(IoPolicy policy) {
  switch (policy) {
    case IoPolicy::kNuma:
      return "numa";
    case IoPolicy::kRoundRobin:
      return "round-robin";
    case IoPolicy::kQueueDepth:
      return "queue-depth";
  }
  return "";
}

struct AttachPolicy {
  ConnectOptions connect;
  std::vector<HostSide> host_sides;   // empty = one side, chosen by the kernel
  std::optional<IoPolicy> io_policy;  // unset = the kernel's
  int min_paths = 1;
  int max_paths = 0;  // 0 = all

  friend bool operator==(const AttachPolicy&, const AttachPolicy&) = default;
};

}  // namespace nvmeof::volume
