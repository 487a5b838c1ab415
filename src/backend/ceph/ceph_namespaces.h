// CephNamespaces: the namespaces of the gateways' subsystems, each with an RBD image of one pool.
//
// One step, one call: who decides which are to be made is a CephLayout. Nothing is kept here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/ceph/ceph_gateways.h"
#include "backend/ceph/ceph_layout.h"
#include "ceph/gateway.pb.h"
#include "volume/nqn.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

struct CephSubsystemContent {
  std::vector<CephImage> ours;
  std::vector<std::string> foreign;  // images, as "pool/name"
  bool foreign_seen_by_all = false;  // one of them, by all hosts that the subsystem lets in
  std::set<std::uint32_t> nsids;     // of all
};

// Borrows the gateways. Safe to use from several threads. Errors are those of CephGateways.
// `gateway`: that one is asked, once, and no other.
class CephNamespaces {
 public:
  CephNamespaces(CephGateways& gateways, std::string pool)
      : gateways_(gateways), pool_(std::move(pool)) {}

  struct Where {
    volume::Nqn subsystem;
    std::optional<volume::Uuid> volume = std::nullopt;  // of this one alone
    std::optional<std::size_t> gateway = std::nullopt;
  };
  // Nothing also when there is no subsystem.
  absl::StatusOr<CephSubsystemContent> In(const Where& where, absl::Time deadline);

  struct Place {
    volume::Nqn subsystem;
    std::uint32_t nsid;
    bool masked;  // only its own hosts see it, and it has none yet
  };
  // A namespace, and its image, which goes with it. After an error it may be there, and all of it
  // when the call was carried out twice. AlreadyExists: the NSID is taken, or the image.
  // FailedPrecondition: there is no such pool.
  absl::Status Add(const ImageName& image, std::int64_t bytes, const Place& place,
                   absl::Time deadline);

  // The image is to go with its namespace: not so after an Add that was carried out twice. Makes no
  // call where it is so already.
  absl::Status RequireTrash(const CephImage& image, absl::Time deadline);
  // The same, and in any case a change, which has the gateway read the latest state of its group.
  absl::Status SetTrash(const CephImage& image, absl::Time deadline,
                        std::optional<std::size_t> gateway = std::nullopt);
  absl::Status Resize(const CephImage& image, std::int64_t bytes, absl::Time deadline);
  // Whatever has its NSID. There is nothing: OK.
  absl::Status Delete(const CephImage& image, absl::Time deadline,
                      std::optional<std::size_t> gateway = std::nullopt);

 private:
  std::optional<CephImage> Decode(const ::GatewayNamespace& ns, const volume::Nqn& subsystem) const;

  CephGateways& gateways_;
  const std::string pool_;
};

}  // namespace nvmeof::backend
