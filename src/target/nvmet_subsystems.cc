#include "target/nvmet_subsystems.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/status_macros.h"
#include "target/volume_record.h"

namespace nvmeof::target {
namespace {

constexpr char kModel[] = "nvmeof-csi";
constexpr std::size_t kSerialDigits = 20;  // the width of the field
constexpr int kAllowAttempts = 3;
constexpr char kNoPath[] = "(null)";  // as the kernel prints it

std::string SubsystemPath(const volume::Nqn& subsystem) {
  return absl::StrCat("subsystems/", subsystem.text());
}

std::string NamespacePath(const volume::Nqn& subsystem) {
  return absl::StrCat(SubsystemPath(subsystem), "/namespaces/", kNsid);
}

// The kernel shows both forms with dashes, whatever was written.
bool IsUuid(const std::string& text, const volume::Uuid& uuid) {
  const absl::StatusOr<volume::Uuid> parsed = volume::Uuid::Parse(text);
  return parsed.ok() && *parsed == uuid;
}

}  // namespace

bool Matches(const ShownVolume& shown, const NvmetVolume& wanted) {
  std::vector<std::string> hosts;
  for (const volume::Nqn& host : wanted.hosts) hosts.push_back(host.text());
  std::sort(hosts.begin(), hosts.end());
  return shown.enabled && !shown.any_host && shown.backing_path == wanted.backing_path &&
         IsUuid(shown.uuid, wanted.uuid) && IsUuid(shown.nguid, wanted.nguid) &&
         shown.hosts == hosts;
}

absl::Status NvmetSubsystems::Ensure(const NvmetVolume& wanted) {
  const std::string path = SubsystemPath(wanted.subsystem);
  RETURN_IF_ERROR(tree_.MakeDirectory(path).status());
  RETURN_IF_ERROR(EnsureValue(path + "/attr_allow_any_host", "0"));
  // These two cannot change once a host has connected, so they come before any link.
  RETURN_IF_ERROR(EnsureValue(path + "/attr_serial", wanted.uuid.Hex().substr(0, kSerialDigits)));
  RETURN_IF_ERROR(EnsureValue(path + "/attr_model", kModel));
  RETURN_IF_ERROR(EnsureNamespace(NamespacePath(wanted.subsystem), wanted));
  return EnsureHosts(path, wanted.hosts);
}

absl::Status NvmetSubsystems::Remove(const volume::Nqn& subsystem) {
  const std::string path = SubsystemPath(subsystem);
  RETURN_IF_ERROR(RemoveNamespaces(path));
  RETURN_IF_ERROR(EnsureHosts(path, {}));
  return tree_.RemoveDirectory(path);
}

absl::Status NvmetSubsystems::Forget(const volume::Nqn& host) {
  const std::string object = absl::StrCat("hosts/", host.text());
  const absl::StatusOr<std::string> key = tree_.Read(object + "/dhchap_key");
  if (key.ok() && !key->empty() && *key != "(null)") return absl::OkStatus();
  const absl::Status removed = tree_.RemoveDirectory(object);
  // Other volumes are exported to it.
  return absl::IsFailedPrecondition(removed) ? absl::OkStatus() : removed;
}

absl::StatusOr<std::optional<ShownVolume>> NvmetSubsystems::Find(
    const volume::Nqn& subsystem) const {
  absl::StatusOr<ShownVolume> shown = Read(subsystem);
  // Also when it goes away meanwhile.
  if (absl::IsNotFound(shown.status())) return std::nullopt;
  RETURN_IF_ERROR(shown.status());
  if (shown->backing_path.empty() || shown->backing_path == kNoPath) return std::nullopt;
  return *std::move(shown);
}

absl::StatusOr<bool> NvmetSubsystems::ReadSwitch(const std::string& path) const {
  const absl::StatusOr<std::string> value = tree_.Read(path);
  if (!value.ok()) return value.status();
  return *value != "0";
}

absl::StatusOr<ShownVolume> NvmetSubsystems::Read(const volume::Nqn& subsystem) const {
  const std::string path = SubsystemPath(subsystem);
  const std::string space = NamespacePath(subsystem);
  ShownVolume shown;
  ASSIGN_OR_RETURN(shown.any_host, ReadSwitch(path + "/attr_allow_any_host"));
  ASSIGN_OR_RETURN(shown.enabled, ReadSwitch(space + "/enable"));
  ASSIGN_OR_RETURN(shown.backing_path, tree_.Read(space + "/device_path"));
  ASSIGN_OR_RETURN(shown.uuid, tree_.Read(space + "/device_uuid"));
  ASSIGN_OR_RETURN(shown.nguid, tree_.Read(space + "/device_nguid"));
  ASSIGN_OR_RETURN(shown.hosts, tree_.List(path + "/allowed_hosts"));
  return shown;
}

absl::StatusOr<std::vector<volume::Uuid>> NvmetSubsystems::Volumes() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, tree_.List("subsystems"));
  std::vector<volume::Uuid> volumes;
  for (const absl::string_view name : names) {
    const absl::StatusOr<volume::Uuid> uuid =
        volume::Uuid::Parse(name.substr(std::min(name.size(), name.rfind(':') + 1)));
    if (uuid.ok() && volume::NqnOfVolume(*uuid).text() == name) volumes.push_back(*uuid);
  }
  return volumes;
}

absl::Status NvmetSubsystems::Revalidate(const volume::Nqn& subsystem) {
  const std::string path = NamespacePath(subsystem);
  const absl::StatusOr<std::string> enabled = tree_.Read(path + "/enable");
  if (absl::IsNotFound(enabled.status())) return absl::OkStatus();
  RETURN_IF_ERROR(enabled.status());
  // The attribute refuses while the namespace is disabled; enabling looks at the size anyway.
  if (*enabled != "1") return absl::OkStatus();
  return tree_.Write(path + "/revalidate_size", "1");
}

absl::Status NvmetSubsystems::EnsureValue(const std::string& path, const std::string& value) {
  ASSIGN_OR_RETURN(const std::string now, tree_.Read(path));
  if (now == value) return absl::OkStatus();
  return tree_.Write(path, value);
}

absl::Status NvmetSubsystems::EnsureNamespace(const std::string& path, const NvmetVolume& wanted) {
  RETURN_IF_ERROR(tree_.MakeDirectory(path).status());
  ASSIGN_OR_RETURN(const std::string enabled, tree_.Read(path + "/enable"));
  if (enabled == "1") return CheckIdentity(path, wanted);
  RETURN_IF_ERROR(tree_.Write(path + "/device_path", wanted.backing_path));
  RETURN_IF_ERROR(tree_.Write(path + "/device_uuid", wanted.uuid.Dashed()));
  RETURN_IF_ERROR(tree_.Write(path + "/device_nguid", wanted.nguid.Dashed()));
  return tree_.Write(path + "/enable", "1");
}

absl::Status NvmetSubsystems::CheckIdentity(const std::string& path,
                                            const NvmetVolume& wanted) const {
  ASSIGN_OR_RETURN(const std::string backing, tree_.Read(path + "/device_path"));
  ASSIGN_OR_RETURN(const std::string uuid, tree_.Read(path + "/device_uuid"));
  ASSIGN_OR_RETURN(const std::string nguid, tree_.Read(path + "/device_nguid"));
  if (backing == wanted.backing_path && IsUuid(uuid, wanted.uuid) && IsUuid(nguid, wanted.nguid)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is enabled for ", backing, " (uuid ", uuid, ", nguid ", nguid,
                   ") and not for ", wanted.backing_path, ": unexport the volume first"));
}

absl::Status NvmetSubsystems::EnsureHosts(const std::string& path,
                                          const std::vector<volume::Nqn>& hosts) {
  const absl::StatusOr<std::vector<std::string>> allowed = tree_.List(path + "/allowed_hosts");
  if (absl::IsNotFound(allowed.status()) && hosts.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(allowed.status());
  for (const std::string& host : *allowed) {
    const bool wanted = std::any_of(hosts.begin(), hosts.end(),
                                    [&host](const volume::Nqn& one) { return one.text() == host; });
    if (!wanted) RETURN_IF_ERROR(tree_.Unlink(absl::StrCat(path, "/allowed_hosts/", host)));
  }
  for (const volume::Nqn& host : hosts) {
    if (std::find(allowed->begin(), allowed->end(), host.text()) != allowed->end()) continue;
    RETURN_IF_ERROR(Allow(path, host.text()));
  }
  return absl::OkStatus();
}

absl::Status NvmetSubsystems::Allow(const std::string& path, const std::string& host) {
  const std::string object = absl::StrCat("hosts/", host);
  absl::Status linked;
  for (int attempt = 0; attempt < kAllowAttempts; ++attempt) {
    RETURN_IF_ERROR(tree_.MakeDirectory(object).status());
    linked = tree_.Link(object, absl::StrCat(path, "/allowed_hosts/", host));
    // Another volume that lets this host go may remove it between the two steps.
    if (!absl::IsNotFound(linked)) return linked;
  }
  return linked;
}

absl::Status NvmetSubsystems::RemoveNamespaces(const std::string& path) {
  const absl::StatusOr<std::vector<std::string>> namespaces = tree_.List(path + "/namespaces");
  if (absl::IsNotFound(namespaces.status())) return absl::OkStatus();
  RETURN_IF_ERROR(namespaces.status());
  for (const std::string& nsid : *namespaces) {
    const std::string one = absl::StrCat(path, "/namespaces/", nsid);
    // Removing would disable it too, but perhaps later: only the write returns after the last
    // command.
    RETURN_IF_ERROR(tree_.Write(one + "/enable", "0"));
    RETURN_IF_ERROR(tree_.RemoveDirectory(one));
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::target
