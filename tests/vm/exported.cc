#include "tests/vm/exported.h"

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "tests/vm/kernel.h"
#include "tests/vm/nvmet_tree.h"

namespace nvmeof::testing {
namespace {

namespace fs = std::filesystem;

std::string ReadLine(const fs::path& attribute) {
  std::ifstream file(attribute);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

Exported::Exported(std::string nqn)
    : subsystem_(fs::path(kNvmetRoot) / "subsystems" / nqn), nqn_(std::move(nqn)) {}

absl::Status Exported::Unlink() { return UnlinkWhere(""); }

absl::Status Exported::UnlinkFrom(const std::string& portal_address) {
  return UnlinkWhere(portal_address);
}

absl::Status Exported::UnlinkWhere(const std::string& portal_address) {
  std::error_code error;
  for (const auto& port : fs::directory_iterator(fs::path(kNvmetRoot) / "ports", error)) {
    const fs::path& path = port.path();
    if (!portal_address.empty() && ReadLine(path / "addr_traddr") != portal_address) continue;
    if (!fs::remove(path / "subsystems" / nqn_, error)) continue;
    unlinked_.push_back(path);
  }
  return unlinked_.empty() ? absl::NotFoundError(absl::StrCat(nqn_, " is on no such port"))
                           : absl::OkStatus();
}

absl::Status Exported::Relink() {
  for (const fs::path& port : std::exchange(unlinked_, {})) {
    RETURN_IF_ERROR(LinkToPort(nqn_, port));
  }
  return absl::OkStatus();
}

absl::Status Exported::ForgetHost(const std::string& host_nqn) {
  std::error_code error;
  fs::remove(subsystem_ / "allowed_hosts" / host_nqn, error);
  return error ? base::ErrnoStatus(error.value(), host_nqn) : absl::OkStatus();
}

absl::Status Exported::AllowHost(const std::string& host_nqn) {
  const fs::path host = fs::path(kNvmetRoot) / "hosts" / host_nqn;
  RETURN_IF_ERROR(MakeNvmetFolder(host));
  std::error_code error;
  fs::create_directory_symlink(host, subsystem_ / "allowed_hosts" / host_nqn, error);
  return error ? base::ErrnoStatus(error.value(), host_nqn) : absl::OkStatus();
}

absl::Status Exported::RemoveHost(const std::string& host_nqn) {
  std::error_code error;
  fs::remove(fs::path(kNvmetRoot) / "hosts" / host_nqn, error);
  return error ? base::ErrnoStatus(error.value(), host_nqn) : absl::OkStatus();
}

absl::Status Exported::DisableNamespace() {
  return SetNvmetAttribute(subsystem_ / "namespaces/1/enable", "0");
}

absl::Status Exported::EnableNamespace() {
  return SetNvmetAttribute(subsystem_ / "namespaces/1/enable", "1");
}

absl::Status Exported::SetAnaState(const std::string& state) {
  for (const fs::path& port : EntriesOf(fs::path(kNvmetRoot) / "ports")) {
    RETURN_IF_ERROR(SetNvmetAttribute(port / "ana_groups/1/ana_state", state));
  }
  return absl::OkStatus();
}

absl::Status Exported::AnnounceSize() {
  return SetNvmetAttribute(subsystem_ / "namespaces/1/revalidate_size", "1");
}

Exported::Content Exported::Namespace() const {
  const fs::path folder = subsystem_ / "namespaces/1";
  return {ReadLine(folder / "device_uuid"), ReadLine(folder / "device_nguid"),
          ReadLine(folder / "device_path")};
}

absl::Status Exported::ReplaceNamespace(const Content& other) {
  const fs::path folder = subsystem_ / "namespaces/1";
  RETURN_IF_ERROR(DisableNamespace());
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "device_uuid", other.uuid));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "device_nguid", other.nguid));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "device_path", other.file));
  return EnableNamespace();
}

}  // namespace nvmeof::testing
