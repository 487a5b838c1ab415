// Agent: a target agent put together, from its pool on disk to its gRPC service.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"

#include "base/claims.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/periodic.h"
#include "base/workers.h"
#include "target/configfs.h"
#include "target/exporter.h"
#include "target/open_pool.h"
#include "target/pool_watch.h"
#include "target/provisioner.h"
#include "target/record_folder.h"
#include "target/room.h"
#include "target/target_service.h"
#include "target/volume_store.h"
#include "volume/parameters.h"
#include "volume/path.h"
#include "volume/pool_place.h"

namespace nvmeof::target {

struct AgentOptions {
  std::string version;
  volume::PoolPlace pool;
  std::string state_directory;  // absolute; of an LVM pool's records
  Portals portals;
  // Of volumes whose request names neither: thin or thick.
  volume::Provisioning provisioning = volume::Provisioning::kThin;
  bool drained = false;     // no new volumes
  int reserve_percent = 5;  // of the pool, kept free of promises
};

// Owns everything but the runner and the clock. Its end leaves volumes, exports and connections as
// they are.
class Agent {
 public:
  // Opens the pool, loads the records, makes the kernel match them, and returns then: blocks on
  // disk and kernel. What the kernel does not take yet (an address that is not up) is logged and
  // tried again in the background, where exports that the kernel loses later are restored, too. A
  // pool that begins to refuse volumes is logged. InvalidArgument: options that cannot work.
  // FailedPrecondition: a pool that cannot hold volumes or belongs to another agent; no kernel
  // target; records of a newer agent.
  static absl::StatusOr<std::unique_ptr<Agent>> Start(const AgentOptions& options,
                                                      base::CommandRunner& runner,
                                                      const base::Clock& clock);

  // REQUIRES: no call of the service is running. Waits for steps that outlived their calls.
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  grpc::Service& service() { return service_; }

 private:
  Agent(const AgentOptions& options, const base::Clock& clock, OpenedPool opened,
        std::unique_ptr<RecordFolder> folder, std::unique_ptr<VolumeStore> store);
  void KeepRestoring();

  const base::Clock& clock_;
  const OpenedPool opened_;
  const std::unique_ptr<RecordFolder> folder_;
  const std::unique_ptr<VolumeStore> store_;
  KernelConfigfs configfs_;
  base::Claims claims_;
  Room room_;
  Exporter exporter_;
  Provisioner provisioner_;
  base::Workers workers_;
  base::Workers fences_;
  TargetService service_;

  absl::Notification stop_;
  std::thread restorer_;

  // A thread of its own: LVM may hang, and exports are restored all the same.
  PoolWatch pool_watch_;
  std::optional<base::Periodic> looks_;
};

}  // namespace nvmeof::target
