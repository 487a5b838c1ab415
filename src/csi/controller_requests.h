// Controller requests: from csi.v1 to what the controller acts on. Here, in node_requests and in
// the codecs of volume/, and nowhere else, a request is called malformed.
//
// All functions are pure and answer InvalidArgument naming the field and what is allowed, in the
// order required fields, sizes and characters, values. Whether the named things exist is asked
// later: ids stay text here, because an id of another shape is not malformed but absent.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "backend/backend.h"
#include "csi/v1/csi.pb.h"
#include "volume/authentication.h"
#include "volume/capability.h"
#include "volume/parameters.h"
#include "volume/size.h"
#include "volume/target.h"
#include "volume/volume_id.h"

namespace nvmeof::csi {

struct CreateArguments {
  std::string backend;  // empty = the default one
  backend::CreateRequest request;
  bool shared = false;  // by several nodes at a time
};

struct PublishArguments {
  std::string volume_id;
  std::string node_id;
  volume::VolumeCapability capability;
  std::optional<volume::Target> by_hand;  // of a volume that belongs to no backend
  std::optional<volume::AuthenticationKeys> keys;
};

struct UnpublishArguments {
  std::string volume_id;
  std::string node_id;  // empty = all nodes
};

struct ValidateArguments {
  std::string volume_id;
  bool by_hand = false;  // it belongs to no backend; its volume_context is all there is
  bool shared = false;   // by several nodes at a time
};

struct ListArguments {
  std::size_t max_entries = 0;            // 0 = all
  std::optional<volume::VolumeId> after;  // the last id of the page before
};

struct CapacityArguments {
  std::string backend;
  backend::CapacityRequest request;
};

struct ExpandArguments {
  std::string volume_id;
  volume::SizeRange size;
};

[[nodiscard]] absl::StatusOr<CreateArguments> ParseCreateVolume(
    const ::csi::v1::CreateVolumeRequest& request);

// The volume's id.
[[nodiscard]] absl::StatusOr<std::string> ParseDeleteVolume(
    const ::csi::v1::DeleteVolumeRequest& request);
[[nodiscard]] absl::StatusOr<std::string> ParseGetVolume(
    const ::csi::v1::ControllerGetVolumeRequest& request);

[[nodiscard]] absl::StatusOr<PublishArguments> ParsePublishVolume(
    const ::csi::v1::ControllerPublishVolumeRequest& request);
[[nodiscard]] absl::StatusOr<UnpublishArguments> ParseUnpublishVolume(
    const ::csi::v1::ControllerUnpublishVolumeRequest& request);

// Aborted for a starting token that we never gave out: the caller begins anew.
[[nodiscard]] absl::StatusOr<ListArguments> ParseListVolumes(
    const ::csi::v1::ListVolumesRequest& request);
[[nodiscard]] absl::StatusOr<CapacityArguments> ParseGetCapacity(
    const ::csi::v1::GetCapacityRequest& request);
[[nodiscard]] absl::StatusOr<ExpandArguments> ParseExpandVolume(
    const ::csi::v1::ControllerExpandVolumeRequest& request);

// "Not supported" is an answer of this call: CompareWithVolume gives it.
[[nodiscard]] absl::StatusOr<ValidateArguments> ParseValidateCapabilities(
    const ::csi::v1::ValidateVolumeCapabilitiesRequest& request);

// OK when the volume can be used as the request says and was made with what it names; otherwise an
// error whose message says why not. One that belongs to no backend was made with nothing.
[[nodiscard]] absl::Status CompareWithVolume(
    const ::csi::v1::ValidateVolumeCapabilitiesRequest& request,
    const std::optional<backend::Volume>& volume);

}  // namespace nvmeof::csi
