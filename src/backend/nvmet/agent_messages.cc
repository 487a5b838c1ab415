#include "backend/nvmet/agent_messages.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

absl::Status Garbage(absl::string_view field, absl::string_view why) {
  return absl::InternalError(absl::StrCat(field, ": ", why));
}

// The value, or what is wrong with the field it came from.
template <typename Value>
absl::StatusOr<Value> Checked(absl::string_view field, absl::StatusOr<Value> value) {
  if (value.ok()) return value;
  return Garbage(field, value.status().message());
}

absl::StatusOr<volume::VolumeId> DecodeId(const std::string& handle, const Whereabouts& where) {
  const volume::VolumeId id{where.backend, where.place, handle};
  return Checked("handle", volume::ParseVolumeId(volume::FormatVolumeId(id)));
}

absl::StatusOr<volume::Portal> DecodePortal(const v1::Portal& message) {
  const volume::Portal portal{message.transport(), message.address(), message.service()};
  return Checked("portals", volume::ParsePortal(volume::FormatPortal(portal)));
}

absl::StatusOr<std::vector<volume::Portal>> DecodePortals(const v1::Volume& message) {
  std::vector<volume::Portal> portals;
  for (const v1::Portal& each : message.portals()) {
    ASSIGN_OR_RETURN(volume::Portal portal, DecodePortal(each));
    if (std::find(portals.begin(), portals.end(), portal) == portals.end()) {
      portals.push_back(std::move(portal));
    }
  }
  if (portals.empty()) return Garbage("portals", "there is none");
  return portals;
}

absl::StatusOr<volume::Target> DecodeTarget(const v1::Volume& message) {
  ASSIGN_OR_RETURN(volume::Nqn subsystem,
                   Checked("subsystem_nqn", volume::Nqn::Parse(message.subsystem_nqn())));
  ASSIGN_OR_RETURN(const volume::Uuid uuid, Checked("uuid", volume::Uuid::Parse(message.uuid())));
  ASSIGN_OR_RETURN(const volume::Uuid nguid,
                   Checked("nguid", volume::Uuid::Parse(message.nguid())));
  if (message.nsid() == 0) return Garbage("nsid", "it is 0");
  if (message.size_bytes() <= 0) {
    return Garbage("size_bytes", absl::StrCat("it is ", message.size_bytes()));
  }
  ASSIGN_OR_RETURN(std::vector<volume::Portal> portals, DecodePortals(message));
  return volume::Target{std::move(subsystem),
                        {uuid, nguid, message.nsid()},
                        std::move(portals),
                        static_cast<std::uint64_t>(message.size_bytes())};
}

absl::StatusOr<std::vector<Export>> DecodeExports(const v1::Volume& message) {
  std::vector<Export> exports;
  for (const v1::Export& each : message.exports()) {
    ASSIGN_OR_RETURN(volume::Nqn host,
                     Checked("exports.host_nqn", volume::Nqn::Parse(each.host_nqn())));
    // A mode of a newer agent that we do not know is taken for the one that excludes others.
    const ExportMode mode = each.mode() == v1::EXPORT_MODE_MULTI_NODE ? ExportMode::kMultiNode
                                                                      : ExportMode::kSingleNode;
    exports.push_back({std::move(host), mode, each.fingerprint()});
  }
  return exports;
}

absl::StatusOr<Volume> DecodeFields(const v1::Volume& message, const Whereabouts& where) {
  ASSIGN_OR_RETURN(volume::VolumeId id, DecodeId(message.handle(), where));
  ASSIGN_OR_RETURN(volume::Target target, DecodeTarget(message));
  ASSIGN_OR_RETURN(std::vector<Export> exports, DecodeExports(message));
  return Volume{.id = std::move(id),
                .name = message.name(),
                .size_bytes = message.size_bytes(),
                .fingerprint = message.fingerprint(),
                .context = {message.context().begin(), message.context().end()},
                .target = std::move(target),
                .exports = std::move(exports)};
}

v1::Provisioning Encode(volume::Provisioning provisioning) {
  switch (provisioning) {
    case volume::Provisioning::kBackendDefault:
      return v1::PROVISIONING_UNSPECIFIED;
    case volume::Provisioning::kThin:
      return v1::PROVISIONING_THIN;
    case volume::Provisioning::kThick:
      return v1::PROVISIONING_THICK;
  }
  return v1::PROVISIONING_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<Volume> DecodeVolume(const v1::Volume& message, const Whereabouts& where) {
  absl::StatusOr<Volume> volume = DecodeFields(message, where);
  if (volume.ok()) return volume;
  return base::Annotate(volume.status(),
                        absl::StrCat("it shows volume '", message.handle(), "' with a bad field"));
}

absl::StatusOr<Capacity> DecodeCapacity(const v1::GetAgentResponse& message) {
  if (message.available_bytes() < 0 || message.maximum_volume_bytes() < 0 ||
      message.minimum_volume_bytes() < 0) {
    return absl::InternalError(absl::StrCat(
        "it shows impossible room: ", message.available_bytes(), " bytes for volumes of ",
        message.minimum_volume_bytes(), " to ", message.maximum_volume_bytes()));
  }
  return Capacity{.available_bytes = message.available_bytes(),
                  .maximum_volume_bytes = message.maximum_volume_bytes(),
                  .minimum_volume_bytes = message.minimum_volume_bytes()};
}

v1::GetVolumeRequest ByHandle(const std::string& handle) {
  v1::GetVolumeRequest message;
  message.set_handle(handle);
  return message;
}

v1::GetVolumeRequest ByName(const std::string& name) {
  v1::GetVolumeRequest message;
  message.set_name(name);
  return message;
}

v1::CreateVolumeRequest EncodeCreate(const CreateRequest& request) {
  v1::CreateVolumeRequest message;
  message.set_name(request.name);
  message.set_required_bytes(request.size.required_bytes);
  message.set_limit_bytes(request.size.limit_bytes);
  message.set_provisioning(Encode(request.provisioning));
  message.set_fingerprint(request.fingerprint);
  message.mutable_context()->insert(request.context.begin(), request.context.end());
  return message;
}

v1::ExportVolumeRequest EncodeExport(const std::string& handle, const Export& wanted) {
  v1::ExportVolumeRequest message;
  message.set_handle(handle);
  v1::Export& out = *message.mutable_wanted();
  out.set_host_nqn(wanted.host.text());
  out.set_mode(wanted.mode == ExportMode::kMultiNode ? v1::EXPORT_MODE_MULTI_NODE
                                                     : v1::EXPORT_MODE_SINGLE_NODE);
  out.set_fingerprint(wanted.fingerprint);
  return message;
}

}  // namespace nvmeof::backend
