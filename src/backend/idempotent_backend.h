// IdempotentBackend: CSI's rules for repeated calls over a naive Backend.
//
// A repeated call that asks for the same answers the same; one that asks for something else is
// AlreadyExists with what differs; taking away what is gone is OK. Calls of Backend that need none
// of this are made on the Backend itself.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"

namespace nvmeof::backend {

// Borrows the backend. No state of its own: as safe to use from several threads, and blocking as
// long, as the backend. Other codes are the backend's.
class IdempotentBackend {
 public:
  explicit IdempotentBackend(Backend& backend) : backend_(backend) {}

  // The new volume, or the one of that name when its size fits the range and its fingerprint is the
  // same. AlreadyExists otherwise. Aborted when the volume of that name went away meanwhile.
  [[nodiscard]] absl::StatusOr<Volume> CreateOrGet(const CreateRequest& request,
                                                   absl::Time deadline);

  // OK also when there is no such volume.
  [[nodiscard]] absl::Status Delete(const volume::VolumeId& id, absl::Time deadline);

  // The volume, exported to the host as wanted, now or before. AlreadyExists when it is exported to
  // this host in another way. Aborted when that export went away meanwhile.
  [[nodiscard]] absl::StatusOr<Volume> ExportOrGet(const volume::VolumeId& id, const Export& wanted,
                                                   absl::Time deadline);

  // OK also when there is no such volume.
  [[nodiscard]] absl::Status Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                      absl::Time deadline);

  // Unexport from every host that has it. A host that cannot be fenced does not keep the others in:
  // the first error is answered after all were tried.
  [[nodiscard]] absl::Status UnexportFromAll(const volume::VolumeId& id, absl::Time deadline);

 private:
  Backend& backend_;
};

}  // namespace nvmeof::backend
