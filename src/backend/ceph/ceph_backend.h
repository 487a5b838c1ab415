// CephBackend: RBD images behind a group of Ceph's NVMe-oF gateway, each volume in a subsystem of
// its own, or all in one.
//
// It keeps nothing itself, and neither needs nor knows Ceph beyond its gateways. Subsystems and
// images that are not ours are never touched.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/backends_config.h"
#include "backend/ceph/ceph_gateways.h"
#include "backend/ceph/ceph_layout.h"
#include "base/claims.h"
#include "base/clock.h"

namespace nvmeof::backend {

// Borrows the clock. Safe to use from several threads.
//
// Name, fingerprints and context come back as digests or not at all (backend/words.h). Images are
// thin, whatever is asked for.
class CephBackend final : public Backend {
 public:
  CephBackend(std::string name, CephConfig config, base::Clock& clock);

  // The gateways do not know how much room the pool has.
  Abilities abilities() const override;

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
  // Unimplemented.
  absl::StatusOr<Capacity> GetCapacity(const CapacityRequest& request,
                                       absl::Time deadline) override;

 private:
  absl::StatusOr<CephImage> ImageOf(const volume::VolumeId& id, absl::Time deadline);
  Volume Assemble(const CephImage& image, std::vector<Export> exports) const;
  // Unavailable from a gateway that starts: it does not show yet what there is.
  absl::Status RequireReady(absl::Time deadline);

  const std::string name_;
  const CephConfig config_;
  CephGateways gateways_;
  const std::unique_ptr<CephLayout> layout_;  // borrows gateways_
  base::Claims creates_;                      // names whose Create is running
  base::Claims changes_;                      // handles of volumes that a call changes
};

}  // namespace nvmeof::backend
