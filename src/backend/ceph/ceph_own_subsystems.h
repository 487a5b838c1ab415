// CephOwnSubsystems: each volume in a subsystem of its own, which lives as long as the volume.
//
// Hosts are let into the subsystem, whose list of them holds our notes. Its serial number says
// whose name it is: a group has no two subsystems with the same, so that no two volumes have one
// name, whoever makes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/ceph/ceph_access.h"
#include "backend/ceph/ceph_gateways.h"
#include "backend/ceph/ceph_layout.h"
#include "backend/ceph/ceph_namespaces.h"
#include "base/clock.h"

namespace nvmeof::backend {

// Borrows the gateways and the clock.
class CephOwnSubsystems final : public CephLayout {
 public:
  CephOwnSubsystems(CephGateways& gateways, const std::string& pool, base::Clock& clock)
      : gateways_(gateways), pool_(pool), namespaces_(gateways, pool), access_(gateways, clock) {}

  absl::StatusOr<std::optional<CephImage>> Find(const volume::Uuid& volume,
                                                absl::Time deadline) override;
  absl::StatusOr<std::optional<CephImage>> FindNamed(const std::string& name,
                                                     absl::Time deadline) override;
  absl::StatusOr<std::vector<CephImage>> All(absl::Time deadline) override;
  absl::StatusOr<CephImage> Make(const ImageName& image, std::int64_t bytes,
                                 absl::Time deadline) override;
  absl::Status Resize(const CephImage& image, std::int64_t bytes, absl::Time deadline) override;
  absl::Status Remove(const CephImage& image, absl::Time deadline) override;
  absl::Status RemoveRest(const volume::Uuid& volume, absl::Time deadline) override;

  absl::StatusOr<std::vector<Export>> ExportsOf(const CephImage& image,
                                                absl::Time deadline) override;
  absl::StatusOr<std::vector<Export>> ShownExportsOf(const CephImage& image,
                                                     absl::Time deadline) override;
  absl::Status Admit(const CephImage& image, const Export& wanted, absl::Time deadline) override;
  absl::Status Evict(const CephImage& image, const volume::Nqn& host, absl::Time deadline) override;

 private:
  // What is in the subsystem of a volume's name.
  struct Content {
    std::optional<CephImage> ours;
    std::string foreign;  // an image that is not; empty = none

    bool empty() const { return !ours.has_value() && foreign.empty(); }
  };
  // Empty also when there is no subsystem.
  absl::StatusOr<Content> ContentOf(const volume::Uuid& volume, absl::Time deadline);
  // NQNs of those with the serial number that belongs to a volume of this name; there is at most
  // one.
  absl::StatusOr<std::vector<std::string>> Named(const std::string& name, absl::Time deadline);
  // Frees the name of what an earlier call left half made. AlreadyExists for a whole volume.
  absl::Status ClearName(const std::string& name, absl::Time deadline);
  absl::Status MakeSubsystem(const ImageName& image, absl::Time deadline);
  // Takes away a subsystem without namespaces. There is none: OK.
  absl::Status Dismantle(const volume::Uuid& volume, absl::Time deadline);

  CephGateways& gateways_;
  const std::string pool_;
  CephNamespaces namespaces_;
  CephAccess access_;
};

}  // namespace nvmeof::backend
