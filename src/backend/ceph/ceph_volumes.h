// CephVolumes: what the gateways keep of volumes: a subsystem for each, and in it a namespace with
// an RBD image that goes when the namespace goes.
//
// One step, one call: CephBackend decides which are to be made. Nothing is kept here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/ceph/ceph_gateways.h"
#include "backend/ceph/ceph_names.h"
#include "ceph/gateway.pb.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

inline constexpr std::uint32_t kCephNsid = 1;

// A volume of ours as the gateways show it.
struct CephImage {
  ImageName name;
  std::int64_t size_bytes;
  bool goes_with_namespace;
};

// What is in the subsystem of a volume's name.
struct CephContent {
  std::optional<CephImage> ours;
  std::string foreign;  // an image that is not; empty = none

  bool empty() const { return !ours.has_value() && foreign.empty(); }
};

// Borrows the gateways. Safe to use from several threads. Errors are those of CephGateways.
class CephVolumes {
 public:
  CephVolumes(CephGateways& gateways, std::string pool)
      : gateways_(gateways), pool_(std::move(pool)) {}

  // NQNs, whoever made them.
  absl::StatusOr<std::vector<std::string>> Subsystems(absl::Time deadline);
  // NQNs of those with the serial number that belongs to a volume of this name; there is at most
  // one.
  absl::StatusOr<std::vector<std::string>> Named(const std::string& name, absl::Time deadline);
  // Empty also when there is no subsystem.
  absl::StatusOr<CephContent> ContentOf(const volume::Uuid& volume, absl::Time deadline);

  // Subsystem, image and namespace. After an error some of it may be there, and all of it when a
  // call was carried out twice. Aborted: another volume of the name is there, or is being made.
  absl::Status Make(const ImageName& image, std::int64_t bytes, absl::Time deadline);
  // The image is to go with its namespace: not so after a call that was carried out twice.
  absl::Status RequireTrash(const CephImage& image, absl::Time deadline);
  absl::Status Resize(const CephImage& image, std::int64_t bytes, absl::Time deadline);
  // All of it; what is gone already is OK.
  absl::Status Remove(const CephImage& image, absl::Time deadline);
  // Takes away a subsystem without namespaces. There is none: OK.
  absl::Status Dismantle(const volume::Uuid& volume, absl::Time deadline);

  // Unavailable from a gateway that starts: it does not show yet what there is.
  absl::Status RequireReady(absl::Time deadline);

 private:
  std::optional<CephImage> DecodeImage(const ::GatewayNamespace& ns,
                                       const volume::Uuid& volume) const;
  absl::Status MakeSubsystem(const ImageName& image, absl::Time deadline);
  absl::Status MakeNamespace(const ImageName& image, std::int64_t bytes, absl::Time deadline);

  CephGateways& gateways_;
  const std::string pool_;
};

}  // namespace nvmeof::backend
