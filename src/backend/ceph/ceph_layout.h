// CephLayout: how volumes lie in the subsystems of a group of gateways. CephBackend decides what is
// to be done with a volume; a layout knows which objects of the gateways it is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/ceph/ceph_host_list.h"
#include "backend/ceph/ceph_names.h"
#include "volume/nqn.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

// A volume of ours as the gateways show it: a namespace whose RBD image has our name.
struct CephImage {
  ImageName name;
  std::int64_t size_bytes;
  bool goes_with_namespace;
  volume::Nqn subsystem;
  std::uint32_t nsid;
  CephHostList hosts = {};  // of the namespace
  bool seen_by_all = true;  // that the subsystem lets in, whatever `hosts` says
};

// Safe to use from several threads; whoever calls sees to it that one at a time changes a volume,
// or makes one of a name. Errors are those of CephGateways, and as said. Nothing is kept: what the
// gateways show is what is so.
class CephLayout {
 public:
  virtual ~CephLayout() = default;

  // Nothing also while a gateway starts that does not show yet what there is. FailedPrecondition:
  // what has its names is not ours, or somebody put something to it.
  virtual absl::StatusOr<std::optional<CephImage>> Find(const volume::Uuid& volume,
                                                        absl::Time deadline) = 0;
  virtual absl::StatusOr<std::optional<CephImage>> FindNamed(const std::string& name,
                                                             absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<CephImage>> All(absl::Time deadline) = 0;

  // A new volume. What an earlier call left half made of one with this name is gone or whole
  // afterwards. AlreadyExists: there is one, whole. Aborted: somebody else makes one.
  virtual absl::StatusOr<CephImage> Make(const ImageName& image, std::int64_t bytes,
                                         absl::Time deadline) = 0;
  virtual absl::Status Resize(const CephImage& image, std::int64_t bytes, absl::Time deadline) = 0;
  // With its data. Exports are the caller's business. What is gone already is OK.
  virtual absl::Status Remove(const CephImage& image, absl::Time deadline) = 0;
  // What a Remove that ended between its steps left of a volume which is not found any more.
  virtual absl::Status RemoveRest(const volume::Uuid& volume, absl::Time deadline) = 0;

  // FailedPrecondition when others than the hosts of an export are let in: somebody changed it.
  virtual absl::StatusOr<std::vector<Export>> ExportsOf(const CephImage& image,
                                                        absl::Time deadline) = 0;
  // The same, also where somebody changed it.
  virtual absl::StatusOr<std::vector<Export>> ShownExportsOf(const CephImage& image,
                                                             absl::Time deadline) = 0;
  // Does what is missing until the host is let in as wanted and every gateway is to listen.
  virtual absl::Status Admit(const CephImage& image, const Export& wanted, absl::Time deadline) = 0;
  // OK means that the host can no longer write, at whichever gateway; also when it was not let in.
  // Unavailable while a gateway cannot be asked.
  virtual absl::Status Evict(const CephImage& image, const volume::Nqn& host,
                             absl::Time deadline) = 0;
};

}  // namespace nvmeof::backend
