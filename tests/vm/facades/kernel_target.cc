#include "tests/vm/facades/kernel_target.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "tests/vm/nvmet_tree.h"

namespace nvmeof::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kFirstPort = 200;

fs::path SubsystemFolder(const std::string& nqn) {
  return fs::path(kNvmetRoot) / "subsystems" / nqn;
}

std::vector<fs::path> Entries(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) entries.push_back(entry.path());
  return entries;
}

absl::Status RemoveEntry(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (!error) return absl::OkStatus();
  return base::ErrnoStatus(error.value(), absl::StrCat("remove ", path.string()));
}

absl::StatusOr<fs::path> PortAt(const std::string& listener) {
  const std::size_t colon = listener.rfind(':');
  const std::string address = listener.substr(0, colon);
  const std::string service = listener.substr(colon + 1);
  const std::vector<fs::path> ports = Entries(fs::path(kNvmetRoot) / "ports");
  for (const fs::path& port : ports) {
    std::string found;
    std::ifstream(port / "addr_traddr") >> found;
    if (found == address) return port;
  }
  fs::path made;
  for (int id = kFirstPort; made.empty() || fs::exists(made); ++id) {
    made = fs::path(kNvmetRoot) / "ports" / std::to_string(id);
  }
  RETURN_IF_ERROR(MakeNvmetFolder(made));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_trtype", "tcp"));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_adrfam", "ipv4"));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_traddr", address));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_trsvcid", service));
  return made;
}

absl::Status Unlink(const std::string& nqn) {
  for (const fs::path& port : Entries(fs::path(kNvmetRoot) / "ports")) {
    const fs::path link = port / "subsystems" / nqn;
    if (fs::exists(fs::symlink_status(link))) RETURN_IF_ERROR(RemoveEntry(link));
    if (Entries(port / "subsystems").empty()) RETURN_IF_ERROR(RemoveEntry(port));
  }
  return absl::OkStatus();
}

absl::Status Admit(const fs::path& subsystem, const std::string& host) {
  const fs::path folder = fs::path(kNvmetRoot) / "hosts" / host;
  RETURN_IF_ERROR(MakeNvmetFolder(folder));
  std::error_code error;
  fs::create_symlink(folder, subsystem / "allowed_hosts" / host, error);
  if (!error) return absl::OkStatus();
  return base::ErrnoStatus(error.value(), absl::StrCat("admit ", host));
}

absl::Status SetKeys(const std::string& host, const KernelKeys& keys) {
  const fs::path folder = fs::path(kNvmetRoot) / "hosts" / host;
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "dhchap_key", keys.host));
  if (keys.controller.empty()) return absl::OkStatus();
  return SetNvmetAttribute(folder / "dhchap_ctrl_key", keys.controller);
}

absl::Status Evict(const fs::path& subsystem, const std::string& host) {
  RETURN_IF_ERROR(RemoveEntry(subsystem / "allowed_hosts" / host));
  // In use by another subsystem.
  RemoveEntry(fs::path(kNvmetRoot) / "hosts" / host).IgnoreError();
  return absl::OkStatus();
}

absl::Status TakeDown(const std::string& nqn) {
  const fs::path subsystem = SubsystemFolder(nqn);
  RETURN_IF_ERROR(Unlink(nqn));
  for (const fs::path& host : Entries(subsystem / "allowed_hosts")) {
    RETURN_IF_ERROR(Evict(subsystem, host.filename()));
  }
  for (const fs::path& ns : Entries(subsystem / "namespaces")) RETURN_IF_ERROR(RemoveEntry(ns));
  return RemoveEntry(subsystem);
}

}  // namespace

absl::Status KernelTarget::Resize(const std::string& volume, std::int64_t bytes) {
  const std::string file = FileOf(volume);
  const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.ok() || ::ftruncate(fd.get(), bytes) != 0) return base::ErrnoStatus(errno, file);
  const auto exported = exported_as_.find(volume);
  if (exported == exported_as_.end()) return absl::OkStatus();
  return SetNvmetAttribute(fs::path(exported->second) / "revalidate_size", "1");
}

absl::Status KernelTarget::Remove(const std::string& volume) {
  return base::RemoveFile(FileOf(volume), base::Durability::kProcess);
}

absl::Status KernelTarget::Show(const KernelSubsystem& wanted) {
  const fs::path subsystem = SubsystemFolder(wanted.nqn);
  RETURN_IF_ERROR(MakeNvmetFolder(subsystem));
  RETURN_IF_ERROR(SetNvmetAttribute(subsystem / "attr_allow_any_host", "0"));
  RETURN_IF_ERROR(ShowNamespaces(wanted));
  bool evicted = false;
  for (const fs::path& host : Entries(subsystem / "allowed_hosts")) {
    if (std::count(wanted.hosts.begin(), wanted.hosts.end(), host.filename()) > 0) continue;
    RETURN_IF_ERROR(Evict(subsystem, host.filename()));
    evicted = true;
  }
  for (const std::string& host : wanted.hosts) {
    if (!fs::exists(subsystem / "allowed_hosts" / host)) RETURN_IF_ERROR(Admit(subsystem, host));
  }
  for (const auto& [host, keys] : wanted.keys) RETURN_IF_ERROR(SetKeys(host, keys));
  // The kernel target leaves the connections of a host that it no longer lets in; without a port
  // all end, and the others come back.
  if (evicted) RETURN_IF_ERROR(Unlink(wanted.nqn));
  for (const std::string& listener : wanted.listeners) {
    ASSIGN_OR_RETURN(const fs::path port, PortAt(listener));
    if (fs::exists(fs::symlink_status(port / "subsystems" / wanted.nqn))) continue;
    RETURN_IF_ERROR(LinkToPort(wanted.nqn, port));
  }
  return absl::OkStatus();
}

absl::Status KernelTarget::ShowNamespaces(const KernelSubsystem& wanted) {
  const fs::path folder = SubsystemFolder(wanted.nqn) / "namespaces";
  std::set<std::string> shown;
  for (const auto& [nsid, ns] : wanted.namespaces) shown.insert(std::to_string(nsid));
  for (const fs::path& ns : Entries(folder)) {
    if (shown.contains(ns.filename())) continue;
    std::erase_if(exported_as_, [&](const auto& each) { return each.second == ns.string(); });
    RETURN_IF_ERROR(RemoveEntry(ns));
  }
  for (const auto& [nsid, ns] : wanted.namespaces) {
    RETURN_IF_ERROR(ShowNamespace(folder / std::to_string(nsid), ns));
  }
  return absl::OkStatus();
}

absl::Status KernelTarget::ShowNamespace(const std::string& folder, const KernelNamespace& wanted) {
  if (exported_as_.contains(wanted.volume)) return absl::OkStatus();
  const fs::path ns = folder;
  RETURN_IF_ERROR(MakeNvmetFolder(ns));
  RETURN_IF_ERROR(SetNvmetAttribute(ns / "device_path", FileOf(wanted.volume)));
  if (!wanted.uuid.empty()) {
    RETURN_IF_ERROR(SetNvmetAttribute(ns / "device_uuid", wanted.uuid));
    RETURN_IF_ERROR(SetNvmetAttribute(ns / "device_nguid", wanted.uuid));
  }
  RETURN_IF_ERROR(SetNvmetAttribute(ns / "enable", "1"));
  exported_as_[wanted.volume] = folder;
  return absl::OkStatus();
}

absl::Status KernelTarget::Hide(const std::string& nqn) {
  const std::string folder = SubsystemFolder(nqn).string() + "/";
  std::erase_if(exported_as_, [&](const auto& each) { return each.second.starts_with(folder); });
  return TakeDown(nqn);
}

std::set<std::string> KernelTarget::Connected(const std::string& nqn) {
  std::set<std::string> hosts;
  // Of kernels that show it; the others have ended the connections when the change is made.
  for (const fs::path& controller : Entries(fs::path("/sys/kernel/debug/nvmet") / nqn)) {
    std::string host;
    if (std::ifstream(controller / "hostnqn") >> host) hosts.insert(host);
  }
  return hosts;
}

}  // namespace nvmeof::testing
