#include "target/volume_codec.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "base/status_macros.h"
#include "nvmeof/v1/volume_record.pb.h"

namespace nvmeof::target {
namespace {

constexpr std::uint32_t kVersion = 1;

v1::ExportMode ToWire(ExportMode mode) {
  switch (mode) {
    case ExportMode::kSingleNode:
      return v1::EXPORT_MODE_SINGLE_NODE;
    case ExportMode::kMultiNode:
      return v1::EXPORT_MODE_MULTI_NODE;
  }
  return v1::EXPORT_MODE_UNSPECIFIED;
}

v1::Export ToWire(const Export& one) {
  v1::Export wire;
  wire.set_host_nqn(one.host.text());
  wire.set_mode(ToWire(one.mode));
  wire.set_fingerprint(one.fingerprint);
  return wire;
}

v1::VolumeRecord::State ToWire(VolumeRecord::State state) {
  switch (state) {
    case VolumeRecord::State::kCreating:
      return v1::VolumeRecord::CREATING;
    case VolumeRecord::State::kReady:
      return v1::VolumeRecord::READY;
    case VolumeRecord::State::kDeleting:
      return v1::VolumeRecord::DELETING;
  }
  return v1::VolumeRecord::STATE_UNSPECIFIED;
}

absl::StatusOr<VolumeRecord::State> StateFromWire(v1::VolumeRecord::State state) {
  if (state == v1::VolumeRecord::CREATING) return VolumeRecord::State::kCreating;
  if (state == v1::VolumeRecord::READY) return VolumeRecord::State::kReady;
  if (state == v1::VolumeRecord::DELETING) return VolumeRecord::State::kDeleting;
  return absl::InvalidArgumentError("no state");
}

absl::Status AddExports(const v1::VolumeRecord& wire, VolumeRecord& record) {
  for (const v1::Export& exported : wire.volume().exports()) {
    ASSIGN_OR_RETURN(Export one, FromWire(exported));
    if (record.FindExport(one.host) != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("two exports to ", one.host.text()));
    }
    const auto& leaving = wire.leaving_hosts();
    one.leaving = std::find(leaving.begin(), leaving.end(), one.host.text()) != leaving.end();
    record.exports.push_back(std::move(one));
  }
  return absl::OkStatus();
}

absl::StatusOr<VolumeRecord> RecordFromWire(const v1::VolumeRecord& wire) {
  const v1::Volume& volume = wire.volume();
  ASSIGN_OR_RETURN(const VolumeRecord::State state, StateFromWire(wire.state()));
  ASSIGN_OR_RETURN(const volume::Uuid uuid, volume::Uuid::Parse(volume.uuid()));
  ASSIGN_OR_RETURN(const volume::Uuid nguid, volume::Uuid::Parse(volume.nguid()));
  ASSIGN_OR_RETURN(const volume::Provisioning provisioning, FromWire(volume.provisioning()));
  VolumeRecord record{.state = state,
                      .uuid = uuid,
                      .nguid = nguid,
                      .name = volume.name(),
                      .size_bytes = volume.size_bytes(),
                      .provisioning = provisioning,
                      .fingerprint = volume.fingerprint(),
                      .context = {volume.context().begin(), volume.context().end()},
                      .exports = {}};
  RETURN_IF_ERROR(AddExports(wire, record));
  if (volume.handle() != record.Handle() ||
      volume.subsystem_nqn() != record.SubsystemNqn().text()) {
    return absl::InvalidArgumentError("handle, NQN and UUID belong to different volumes");
  }
  if (record.name.empty() || record.size_bytes <= 0 ||
      provisioning == volume::Provisioning::kBackendDefault) {
    return absl::InvalidArgumentError("no name, size or provisioning");
  }
  return record;
}

}  // namespace

v1::Portal ToWire(const volume::Portal& portal) {
  v1::Portal wire;
  wire.set_transport(portal.transport);
  wire.set_address(portal.address);
  wire.set_service(portal.service);
  return wire;
}

v1::Provisioning ToWire(volume::Provisioning provisioning) {
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

v1::Volume ToWire(const VolumeRecord& record, const std::vector<volume::Portal>& portals) {
  v1::Volume wire;
  wire.set_handle(record.Handle());
  wire.set_name(record.name);
  wire.set_size_bytes(record.size_bytes);
  wire.set_provisioning(ToWire(record.provisioning));
  wire.set_fingerprint(record.fingerprint);
  wire.mutable_context()->insert(record.context.begin(), record.context.end());
  wire.set_subsystem_nqn(record.SubsystemNqn().text());
  wire.set_uuid(record.uuid.Dashed());
  wire.set_nguid(record.nguid.Hex());
  wire.set_nsid(kNsid);
  for (const volume::Portal& portal : portals) *wire.add_portals() = ToWire(portal);
  for (const Export& one : record.exports) *wire.add_exports() = ToWire(one);
  return wire;
}

absl::StatusOr<volume::Provisioning> FromWire(v1::Provisioning provisioning) {
  if (provisioning == v1::PROVISIONING_UNSPECIFIED) return volume::Provisioning::kBackendDefault;
  if (provisioning == v1::PROVISIONING_THIN) return volume::Provisioning::kThin;
  if (provisioning == v1::PROVISIONING_THICK) return volume::Provisioning::kThick;
  return absl::InvalidArgumentError(
      absl::StrCat("provisioning ", static_cast<int>(provisioning), " is not known"));
}

absl::StatusOr<Export> FromWire(const v1::Export& wanted) {
  ASSIGN_OR_RETURN(volume::Nqn host, ParseHost(wanted.host_nqn()));
  if (wanted.mode() != v1::EXPORT_MODE_SINGLE_NODE && wanted.mode() != v1::EXPORT_MODE_MULTI_NODE) {
    return absl::InvalidArgumentError("the export's mode is neither single nor multi node");
  }
  return Export{.host = std::move(host),
                .mode = wanted.mode() == v1::EXPORT_MODE_SINGLE_NODE ? ExportMode::kSingleNode
                                                                     : ExportMode::kMultiNode,
                .fingerprint = wanted.fingerprint(),
                .leaving = false};
}

absl::StatusOr<volume::Nqn> ParseHost(absl::string_view text) {
  // It becomes the name of a folder.
  if (absl::StrContains(text, '/')) {
    return absl::InvalidArgumentError(
        absl::StrCat("host NQN ", text, " holds a slash: the kernel target cannot name it"));
  }
  return volume::Nqn::Parse(text);
}

std::string EncodeRecord(const VolumeRecord& record) {
  v1::VolumeRecord wire;
  wire.set_version(kVersion);
  wire.set_state(ToWire(record.state));
  *wire.mutable_volume() = ToWire(record, {});
  for (const Export& one : record.exports) {
    if (one.leaving) wire.add_leaving_hosts(one.host.text());
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails only for messages with Any fields, which a record has not.
  (void)google::protobuf::util::MessageToJsonString(wire, &text, options);
  return text;
}

absl::StatusOr<VolumeRecord> DecodeRecord(absl::string_view text) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  v1::VolumeRecord wire;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &wire, options);
  if (!parsed.ok()) return absl::InvalidArgumentError("not a volume record");
  if (wire.version() > kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "version ", wire.version(), " of the record is newer than this agent's ", kVersion));
  }
  return RecordFromWire(wire);
}

}  // namespace nvmeof::target
