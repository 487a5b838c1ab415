#include "backend/ceph/ceph_volumes.h"

#include <cerrno>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/ceph/gateway_methods.h"
#include "base/status_macros.h"
#include "base/units.h"
#include "ceph/gateway.pb.h"
#include "volume/nqn.h"

namespace nvmeof::backend {
namespace {

constexpr std::uint32_t kBlockBytes = 4096;

}  // namespace

absl::StatusOr<std::vector<std::string>> CephVolumes::Subsystems(absl::Time deadline) {
  ASSIGN_OR_RETURN(const ::SubsystemsReply reply,
                   gateways_.Ask(gateway::kListSubsystems, ::ListSubsystemsRequest(), deadline));
  std::vector<std::string> subsystems;
  for (const ::GatewaySubsystem& each : reply.subsystems()) subsystems.push_back(each.nqn());
  return subsystems;
}

absl::StatusOr<std::vector<std::string>> CephVolumes::Named(const std::string& name,
                                                            absl::Time deadline) {
  ::ListSubsystemsRequest which;
  which.set_serial_number(SerialOf(pool_, name));
  ASSIGN_OR_RETURN(const ::SubsystemsReply reply,
                   gateways_.Ask(gateway::kListSubsystems, which, deadline, {ENOENT, ENODEV}));
  std::vector<std::string> subsystems;
  for (const ::GatewaySubsystem& each : reply.subsystems()) {
    if (each.serial_number() == which.serial_number()) subsystems.push_back(each.nqn());
  }
  return subsystems;
}

absl::StatusOr<CephContent> CephVolumes::ContentOf(const volume::Uuid& volume,
                                                   absl::Time deadline) {
  ::ListNamespacesRequest which;
  which.set_subsystem(volume::NqnOfVolume(volume).text());
  ASSIGN_OR_RETURN(const ::NamespacesReply reply,
                   gateways_.Ask(gateway::kListNamespaces, which, deadline, {ENOENT, ENODEV}));
  CephContent content;
  for (const ::GatewayNamespace& each : reply.namespaces()) {
    std::optional<CephImage> image = DecodeImage(each, volume);
    if (image.has_value()) {
      content.ours = *std::move(image);
    } else {
      content.foreign = absl::StrCat(each.rbd_pool_name(), "/", each.rbd_image_name());
    }
  }
  return content;
}

std::optional<CephImage> CephVolumes::DecodeImage(const ::GatewayNamespace& ns,
                                                  const volume::Uuid& volume) const {
  if (ns.nsid() != kCephNsid || ns.rbd_pool_name() != pool_) return std::nullopt;
  const absl::StatusOr<volume::Uuid> shown = volume::Uuid::Parse(ns.uuid());
  std::optional<ImageName> name = ParseImageName(ns.rbd_image_name());
  if (!name.has_value() || name->uuid != volume || !shown.ok() || *shown != volume) {
    return std::nullopt;
  }
  return CephImage{*std::move(name), static_cast<std::int64_t>(ns.rbd_image_size()),
                   ns.trash_image()};
}

absl::Status CephVolumes::Make(const ImageName& image, std::int64_t bytes, absl::Time deadline) {
  RETURN_IF_ERROR(MakeSubsystem(image, deadline));
  return MakeNamespace(image, bytes, deadline);
}

absl::Status CephVolumes::MakeSubsystem(const ImageName& image, absl::Time deadline) {
  const std::string nqn = volume::NqnOfVolume(image.uuid).text();
  const std::string serial = SerialOf(pool_, image.name);
  ::CreateSubsystemRequest create;
  create.set_subsystem_nqn(nqn);
  create.set_serial_number(serial);
  create.set_enable_ha(true);
  create.set_no_group_append(true);
  ASSIGN_OR_RETURN(const ::CreateSubsystemReply reply,
                   gateways_.Ask(gateway::kCreateSubsystem, create, deadline, {EEXIST}));
  if (reply.status() == 0) {
    if (reply.nqn().empty() || reply.nqn() == nqn) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("asked for the subsystem ", nqn, ", the gateway made ", reply.nqn()));
  }
  // It is the serial number that exists, or our own call was carried out twice.
  ASSIGN_OR_RETURN(const std::vector<std::string> there, Named(image.name, deadline));
  const bool is_ours = absl::c_linear_search(there, nqn);
  return is_ours ? absl::OkStatus()
                 : absl::AbortedError("somebody else makes a volume of this name");
}

absl::Status CephVolumes::MakeNamespace(const ImageName& image, std::int64_t bytes,
                                        absl::Time deadline) {
  ::AddNamespaceRequest add;
  add.set_rbd_pool_name(pool_);
  add.set_rbd_image_name(FormatImageName(image));
  add.set_subsystem_nqn(volume::NqnOfVolume(image.uuid).text());
  add.set_nsid(kCephNsid);
  add.set_block_size(kBlockBytes);
  add.set_uuid(image.uuid.Dashed());
  add.set_create_image(true);
  add.set_size(static_cast<std::uint64_t>(bytes));
  add.set_trash_image(true);
  const absl::Status added = gateways_.Ask(gateway::kAddNamespace, add, deadline).status();
  // The pool, as the subsystem was there.
  if (absl::IsNotFound(added)) return absl::FailedPreconditionError(added.message());
  // A namespace of ours would be seen; this is an image, which no volume of ours ever had.
  if (absl::IsAlreadyExists(added)) return absl::AbortedError(added.message());
  return added;
}

absl::Status CephVolumes::RequireTrash(const CephImage& image, absl::Time deadline) {
  if (image.goes_with_namespace) return absl::OkStatus();
  ::SetTrashImageRequest trash;
  trash.set_subsystem_nqn(volume::NqnOfVolume(image.name.uuid).text());
  trash.set_nsid(kCephNsid);
  trash.set_trash_image(true);
  return gateways_.Ask(gateway::kSetTrashImage, trash, deadline).status();
}

absl::Status CephVolumes::Dismantle(const volume::Uuid& volume, absl::Time deadline) {
  ::DeleteSubsystemRequest gone;
  gone.set_subsystem_nqn(volume::NqnOfVolume(volume).text());
  return gateways_.Ask(gateway::kDeleteSubsystem, gone, deadline, {ENOENT, ENODEV}).status();
}

absl::Status CephVolumes::RequireReady(absl::Time deadline) {
  ASSIGN_OR_RETURN(const ::GatewayInfo info,
                   gateways_.Ask(gateway::kGetGatewayInfo, ::GatewayInfoRequest(), deadline));
  if (!info.has_gateway_initialization_over() || info.gateway_initialization_over()) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("gateway ", info.name(), " has not yet restored what its group has"));
}

absl::Status CephVolumes::Remove(const CephImage& image, absl::Time deadline) {
  RETURN_IF_ERROR(RequireTrash(image, deadline));
  ::DeleteNamespaceRequest gone;
  gone.set_subsystem_nqn(volume::NqnOfVolume(image.name.uuid).text());
  gone.set_nsid(kCephNsid);
  gone.set_i_am_sure(true);
  RETURN_IF_ERROR(
      gateways_.Ask(gateway::kDeleteNamespace, gone, deadline, {ENOENT, ENODEV}).status());
  return Dismantle(image.name.uuid, deadline);
}

absl::Status CephVolumes::Resize(const CephImage& image, std::int64_t bytes, absl::Time deadline) {
  ::ResizeNamespaceRequest resize;
  resize.set_subsystem_nqn(volume::NqnOfVolume(image.name.uuid).text());
  resize.set_nsid(kCephNsid);
  resize.set_new_size(static_cast<std::uint64_t>(bytes / base::kMiB));
  return gateways_.Ask(gateway::kResizeNamespace, resize, deadline).status();
}

}  // namespace nvmeof::backend
