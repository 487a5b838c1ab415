// Capability: csi.v1.VolumeCapability to ours, and what we remember of one with an export.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "csi/v1/csi.pb.h"
#include "volume/capability.h"

namespace nvmeof::csi {

// InvalidArgument when the access type or the access mode is not given: such a request is
// malformed, also where "not supported" is an answer and no error. Pure.
[[nodiscard]] absl::Status RequireCapability(const ::csi::v1::VolumeCapability& capability);

// InvalidArgument for what this driver does not offer, naming the value and what is allowed: file
// systems other than ext4 (the default) and xfs, file systems written from several nodes, mount
// flags that would lead the mount elsewhere, a mount group that is no decimal gid.
// REQUIRES: RequireCapability is OK. Pure.
[[nodiscard]] absl::StatusOr<volume::VolumeCapability> ParseCapability(
    const ::csi::v1::VolumeCapability& capability);

// Canonical text of a capability: equal texts mean equal capabilities. It is kept with an export,
// so its form never changes. Pure.
[[nodiscard]] std::string Fingerprint(const volume::VolumeCapability& capability);

}  // namespace nvmeof::csi
