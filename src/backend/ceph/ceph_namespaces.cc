#include "backend/ceph/ceph_namespaces.h"

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "backend/ceph/gateway_methods.h"
#include "base/status_macros.h"
#include "base/units.h"

namespace nvmeof::backend {
namespace {

constexpr std::uint32_t kBlockBytes = 4096;

template <typename Request>
Request About(const CephImage& image) {
  Request request;
  request.set_subsystem_nqn(image.subsystem.text());
  request.set_nsid(image.nsid);
  return request;
}

bool IsSeenByAll(const ::GatewayNamespace& ns) {
  return !ns.has_auto_visible() || ns.auto_visible();
}

}  // namespace

absl::StatusOr<CephSubsystemContent> CephNamespaces::In(const Where& where, absl::Time deadline) {
  ::ListNamespacesRequest which;
  which.set_subsystem(where.subsystem.text());
  if (where.volume.has_value()) which.set_uuid(where.volume->Dashed());
  ASSIGN_OR_RETURN(
      const ::NamespacesReply reply,
      gateways_.AskAt(where.gateway, gateway::kListNamespaces, which, deadline, {ENOENT, ENODEV}));
  CephSubsystemContent content;
  for (const ::GatewayNamespace& each : reply.namespaces()) {
    // A gateway may not know the filter.
    if (which.has_uuid() && which.uuid() != each.uuid()) continue;
    content.nsids.insert(each.nsid());
    std::optional<CephImage> image = Decode(each, where.subsystem);
    if (image.has_value()) {
      content.ours.push_back(*std::move(image));
    } else {
      content.foreign.push_back(absl::StrCat(each.rbd_pool_name(), "/", each.rbd_image_name()));
      content.foreign_seen_by_all |= IsSeenByAll(each);
    }
  }
  return content;
}

std::optional<CephImage> CephNamespaces::Decode(const ::GatewayNamespace& ns,
                                                const volume::Nqn& subsystem) const {
  if (ns.rbd_pool_name() != pool_) return std::nullopt;
  const absl::StatusOr<volume::Uuid> shown = volume::Uuid::Parse(ns.uuid());
  std::optional<ImageName> name = ParseImageName(ns.rbd_image_name());
  if (!name.has_value() || !shown.ok() || *shown != name->uuid) return std::nullopt;
  return CephImage{.name = *std::move(name),
                   .size_bytes = static_cast<std::int64_t>(ns.rbd_image_size()),
                   .goes_with_namespace = ns.trash_image(),
                   .subsystem = subsystem,
                   .nsid = ns.nsid(),
                   .hosts = {ns.hosts().begin(), ns.hosts().end()},
                   .seen_by_all = IsSeenByAll(ns)};
}

absl::Status CephNamespaces::Add(const ImageName& image, std::int64_t bytes, const Place& place,
                                 absl::Time deadline) {
  ::AddNamespaceRequest add;
  add.set_rbd_pool_name(pool_);
  add.set_rbd_image_name(FormatImageName(image));
  add.set_subsystem_nqn(place.subsystem.text());
  add.set_nsid(place.nsid);
  add.set_block_size(kBlockBytes);
  add.set_uuid(image.uuid.Dashed());
  add.set_create_image(true);
  add.set_size(static_cast<std::uint64_t>(bytes));
  add.set_trash_image(true);
  if (place.masked) add.set_no_auto_visible(true);
  const absl::Status added = gateways_.Ask(gateway::kAddNamespace, add, deadline).status();
  // The pool, as the subsystem was there.
  return absl::IsNotFound(added) ? absl::FailedPreconditionError(added.message()) : added;
}

absl::Status CephNamespaces::RequireTrash(const CephImage& image, absl::Time deadline) {
  return image.goes_with_namespace ? absl::OkStatus() : SetTrash(image, deadline);
}

absl::Status CephNamespaces::SetTrash(const CephImage& image, absl::Time deadline,
                                      std::optional<std::size_t> gateway) {
  auto trash = About<::SetTrashImageRequest>(image);
  trash.set_trash_image(true);
  return gateways_.AskAt(gateway, gateway::kSetTrashImage, trash, deadline).status();
}

absl::Status CephNamespaces::Resize(const CephImage& image, std::int64_t bytes,
                                    absl::Time deadline) {
  auto resize = About<::ResizeNamespaceRequest>(image);
  resize.set_new_size(static_cast<std::uint64_t>(bytes / base::kMiB));
  return gateways_.Ask(gateway::kResizeNamespace, resize, deadline).status();
}

absl::Status CephNamespaces::Delete(const CephImage& image, absl::Time deadline,
                                    std::optional<std::size_t> gateway) {
  auto gone = About<::DeleteNamespaceRequest>(image);
  gone.set_i_am_sure(true);
  return gateways_.AskAt(gateway, gateway::kDeleteNamespace, gone, deadline, {ENOENT, ENODEV})
      .status();
}

}  // namespace nvmeof::backend
