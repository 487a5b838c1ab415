// CephSharedSubsystem: all volumes in one subsystem, each a namespace that only its own hosts see
// (namespace masking), so that a group has room for thousands of volumes and a node needs one set
// of paths for all of them.
//
// A host is let into the subsystem while it has one of the volumes. Which it sees stands in the
// namespaces' lists of hosts, which hold our notes, too. What names a namespace to the gateways is
// its NSID, and an NSID is free again when its volume is deleted: hence new volumes get one at
// random, and nothing is deleted by a call that may be carried out twice, or at a gateway that does
// not know the latest state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/ceph/ceph_access.h"
#include "backend/ceph/ceph_gateways.h"
#include "backend/ceph/ceph_layout.h"
#include "backend/ceph/ceph_namespaces.h"
#include "base/clock.h"
#include "volume/nqn.h"

namespace nvmeof::backend {

// Borrows the gateways and the clock. The subsystem is made when it is first needed, and never
// taken away; namespaces in it that are not ours are left alone.
class CephSharedSubsystem final : public CephLayout {
 public:
  CephSharedSubsystem(CephGateways& gateways, const std::string& pool, volume::Nqn subsystem,
                      base::Clock& clock)
      : gateways_(gateways),
        subsystem_(std::move(subsystem)),
        namespaces_(gateways, pool),
        access_(gateways, clock) {}

  absl::StatusOr<std::optional<CephImage>> Find(const volume::Uuid& volume,
                                                absl::Time deadline) override;
  // Aborted while several are being made.
  absl::StatusOr<std::optional<CephImage>> FindNamed(const std::string& name,
                                                     absl::Time deadline) override;
  absl::StatusOr<std::vector<CephImage>> All(absl::Time deadline) override;
  // ResourceExhausted: no NSID is free. FailedPrecondition: the gateways cannot mask namespaces.
  absl::StatusOr<CephImage> Make(const ImageName& image, std::int64_t bytes,
                                 absl::Time deadline) override;
  absl::Status Resize(const CephImage& image, std::int64_t bytes, absl::Time deadline) override;
  absl::Status Remove(const CephImage& image, absl::Time deadline) override;
  absl::Status RemoveRest(const volume::Uuid& volume, absl::Time deadline) override;

  absl::StatusOr<std::vector<Export>> ExportsOf(const CephImage& image,
                                                absl::Time deadline) override;
  absl::StatusOr<std::vector<Export>> ShownExportsOf(const CephImage& image,
                                                     absl::Time deadline) override;
  // A node has one pair of keys for the subsystem: that of the export which gave them last.
  absl::Status Admit(const CephImage& image, const Export& wanted, absl::Time deadline) override;
  absl::Status Evict(const CephImage& known, const volume::Nqn& host, absl::Time deadline) override;

 private:
  // How many namespaces the subsystem may have, after it was made if there was none.
  absl::StatusOr<std::uint32_t> RequireSubsystem(absl::Time deadline);
  absl::Status MakeSubsystem(absl::Time deadline);
  absl::StatusOr<std::vector<CephImage>> Named(const std::string& name, absl::Time deadline);
  // Finishes or takes away what there is of a volume of this name. AlreadyExists for a whole one.
  absl::Status ClearName(const std::string& name, absl::Time deadline);
  absl::Status AddNamespace(const ImageName& image, std::int64_t bytes, std::uint32_t most,
                            absl::Time deadline);
  absl::Status MarkWhole(const CephImage& image, absl::Time deadline);
  // Leaves one that has become whole meanwhile: somebody else may have finished it.
  absl::Status RemoveHalfMade(const CephImage& image, absl::Time deadline);
  // If it is as wanted in the latest state of the group.
  absl::Status RemoveIf(absl::FunctionRef<bool(const CephImage&)> wanted, const CephImage& image,
                        absl::Time deadline);

  absl::Status ShowTo(const CephImage& image, const std::string& host, bool let_in,
                      absl::Time deadline);
  absl::Status HideFrom(const CephImage& image, const std::string& host, absl::Time deadline);
  absl::Status LetIn(const Export& wanted, absl::Time deadline);
  // Ends the host's way into the subsystem unless it sees another namespace there.
  absl::Status LetGo(const volume::Nqn& host, absl::Time deadline);

  CephGateways& gateways_;
  const volume::Nqn subsystem_;
  CephNamespaces namespaces_;
  CephAccess access_;
};

}  // namespace nvmeof::backend
