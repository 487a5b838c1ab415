// Upkeep: when the agent looks after the exports that it has promised.
#pragma once

#include "absl/time/time.h"

#include "target/exporter.h"

namespace nvmeof::target {

// Borrows the exporter, whose Restore runs in the same thread.
class Upkeep {
 public:
  static constexpr absl::Duration kFirstPause = absl::Seconds(2);

  // What has been restored at the agent's start need not be looked at soon.
  Upkeep(Exporter& exporter, absl::Time now);

  // Tries again what is missing, first soon and then less often, and looks once a minute for what
  // somebody else took away. The pause until it is to be called again. Blocks on the kernel.
  absl::Duration Do(absl::Time now);

 private:
  Exporter& exporter_;
  absl::Duration pause_;
  absl::Time next_look_;
};

}  // namespace nvmeof::target
