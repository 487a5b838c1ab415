// SpdkBackend: a logical volume store of an SPDK target (`nvmf_tgt`), each volume with a subsystem
// of its own.
//
// It keeps nothing itself: what SPDK loses at its start (subsystems, and who may reach them) comes
// back with the next ExportTo, which the orchestrator calls when List does not show the export.
// Volumes and hosts that are not ours are never touched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/backends_config.h"
#include "backend/spdk/spdk_exports.h"
#include "backend/spdk/spdk_rpc.h"
#include "base/claims.h"
#include "base/clock.h"
#include "nvmeof/v1/spdk.pb.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

// Borrows the clock. Safe to use from several threads.
//
// Name, fingerprints and context come back as digests or not at all (backend/words.h).
class SpdkBackend final : public Backend {
 public:
  SpdkBackend(std::string name, SpdkConfig config, std::unique_ptr<RpcTransport> transport,
              base::Clock& clock);

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
  // A volume of ours as the target shows it.
  struct Lvol {
    volume::Uuid uuid;
    std::string name;         // digest
    std::string fingerprint;  // digest
    std::int64_t size_bytes;
  };

  absl::StatusOr<v1::spdk::Lvstore> Store(absl::Time deadline);
  absl::StatusOr<std::vector<Lvol>> Lvols(absl::Time deadline);
  // NotFound; FailedPrecondition when what has the volume's UUID is no volume of ours any more, but
  // hosts may still reach it.
  absl::StatusOr<Lvol> LvolOf(const volume::VolumeId& id, absl::Time deadline);
  // Otherwise the target takes sizes in bytes.
  absl::StatusOr<bool> TakesMiB(absl::Time deadline);
  std::optional<Lvol> DecodeLvol(const v1::spdk::Bdev& bdev) const;
  Volume Assemble(const Lvol& lvol, std::vector<Export> exports) const;

  absl::Status RequireRoom(std::int64_t bytes, const v1::spdk::Lvstore& store) const;

  const std::string name_;
  const SpdkConfig config_;
  SpdkRpc rpc_;
  SpdkExports exports_;   // borrows rpc_
  base::Claims creates_;  // names whose Create is running
  base::Claims
      changes_;  // handles of volumes that a call changes: SPDK lets in whoever is asked for
};

}  // namespace nvmeof::backend
