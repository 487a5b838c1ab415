// RouterosBackend: volumes in files of a MikroTik router (ROSE), each the file of a disk that the
// router exports over NVMe/TCP.
//
// It keeps nothing itself. The router keeps exports over its restart, lets in one host for each
// disk, and chooses the NQN. Disks and files that are not ours are never touched.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/backends_config.h"
#include "backend/http/http_transport.h"
#include "backend/routeros/routeros_disks.h"
#include "backend/routeros/routeros_rest.h"
#include "base/claims.h"
#include "base/clock.h"

namespace nvmeof::backend {

// Borrows the clock. Safe to use from several threads.
//
// Name, fingerprints and context come back as digests or not at all (backend/words.h). A volume is
// known to a node by its namespace id, which its subsystem has no other of: what UUID the router
// gives it, it does not say.
class RouterosBackend final : public Backend {
 public:
  RouterosBackend(std::string name, RouterosConfig config, std::unique_ptr<HttpTransport> transport,
                  base::Clock& clock);

  Abilities abilities() const override {
    return {.capacity = true, .several_hosts = false, .namespace_ids = false};
  }

  absl::StatusOr<Volume> Create(const CreateRequest& request, absl::Time deadline) override;
  absl::StatusOr<Volume> FindByName(const std::string& name, absl::Time deadline) override;
  absl::StatusOr<Volume> Get(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<VolumeList> List(absl::Time deadline) override;
  absl::Status Delete(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<std::int64_t> Expand(const volume::VolumeId& id, const volume::SizeRange& size,
                                      absl::Time deadline) override;
  absl::StatusOr<Volume> ExportTo(const volume::VolumeId& id, const Export& wanted,
                                  absl::Time deadline) override;
  absl::Status Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                        absl::Time deadline) override;
  absl::StatusOr<Capacity> GetCapacity(const CapacityRequest& request,
                                       absl::Time deadline) override;

 private:
  absl::StatusOr<std::optional<RouterosDisk>> FindDisk(const volume::VolumeId& id,
                                                       absl::Time deadline);
  absl::StatusOr<RouterosDisk> DiskOf(const volume::VolumeId& id, absl::Time deadline);
  absl::StatusOr<std::vector<RouterosDisk>> Namesakes(const std::string& name, absl::Time deadline);
  // AlreadyExists when a volume of the name is there; what an interrupted call left of one is gone
  // afterwards.
  absl::Status ClearName(const std::string& name, const RouterosDisks::Pool& pool,
                         absl::Time deadline);
  absl::StatusOr<RouterosDisk> StopExport(const RouterosDisk& disk, absl::Time deadline);
  absl::StatusOr<Volume> Assemble(const RouterosDisk& disk) const;
  absl::Status RequireRoom(std::int64_t bytes, const RouterosDisks::Pool& pool) const;

  const std::string name_;
  const RouterosConfig config_;
  RouterosRest rest_;
  RouterosDisks disks_;   // borrows rest_
  base::Claims creates_;  // names whose Create is running
  base::Claims changes_;  // handles of volumes that a call changes
};

}  // namespace nvmeof::backend
