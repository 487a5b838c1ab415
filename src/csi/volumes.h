// Volumes: all volumes of all backends under CSI's rules: what the controller's methods mean,
// without the protocol.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "backend/backend.h"
#include "backend/backends.h"
#include "base/call.h"
#include "csi/controller_requests.h"

namespace nvmeof::csi {

struct VolumePage {
  std::vector<backend::Volume> volumes;
  bool more = false;
  std::vector<std::string> unreachable;  // places whose volumes are missing here
};

// Safe to use from several threads; changes of one volume are kept apart by the caller's claims.
// Borrows the backends and blocks on them until the call's deadline at most. Every method may be
// repeated. An id that we never gave out is NotFound, but OK where the volume shall be gone or
// unused; an id of a backend that is not configured is Unavailable there, because nobody can tell.
class Volumes {
 public:
  explicit Volumes(const backend::Backends& backends) : backends_(backends) {}

  // Whether at least one backend can tell its room.
  bool CanMeasure() const;

  // Whether at least one backend has places that not every node reaches.
  bool HavePlaces() const;

  // Errors: those of Backend::Create; AlreadyExists when the name is a different volume's;
  // InvalidArgument when nodes want to share a volume where one node at a time is let in.
  [[nodiscard]] absl::StatusOr<backend::Volume> Create(const CreateArguments& wanted,
                                                       const base::Call& call) const;

  // FailedPrecondition while it is exported, naming a host.
  [[nodiscard]] absl::Status Delete(const std::string& volume_id, const base::Call& call) const;

  // Lets the node in; answers the volume's target as it is now. NotFound: the volume, or a node id
  // that is no host NQN; AlreadyExists: in another way; FailedPrecondition: another node has it;
  // InvalidArgument: its storage system lets one node at a time in, and it is to be shared. A
  // volume that belongs to no backend is where its user says; nobody here lets a node in or out.
  [[nodiscard]] absl::StatusOr<volume::Target> Publish(const PublishArguments& wanted,
                                                       const base::Call& call) const;

  // InvalidArgument when nodes want to share a volume that one node at a time is let into. Asks no
  // storage system.
  [[nodiscard]] absl::Status CheckSharing(const std::string& volume_id, bool shared) const;

  // After OK the node (or every node) can no longer write.
  [[nodiscard]] absl::Status Unpublish(const UnpublishArguments& wanted,
                                       const base::Call& call) const;

  // The size afterwards.
  [[nodiscard]] absl::StatusOr<std::int64_t> Expand(const ExpandArguments& wanted,
                                                    const base::Call& call) const;

  [[nodiscard]] absl::StatusOr<backend::Volume> Get(const std::string& volume_id,
                                                    const base::Call& call) const;

  // In the order of the ids, which is the same for every call, so that a page may begin after any
  // id, also after one that is gone. A silent backend takes its share of the time only. Unavailable
  // when no backend answers.
  [[nodiscard]] absl::StatusOr<VolumePage> List(const ListArguments& wanted,
                                                const base::Call& call) const;

  // Unimplemented where the backend cannot tell.
  [[nodiscard]] absl::StatusOr<backend::Capacity> Measure(const CapacityArguments& wanted,
                                                          const base::Call& call) const;

 private:
  absl::StatusOr<VolumePage> ListAll(const base::Call& call) const;

  const backend::Backends& backends_;
};

}  // namespace nvmeof::csi
