#include "tests/vm/nvmet_export.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "tests/vm/network.h"
#include "tests/vm/nvmet_tree.h"

namespace nvmeof::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = kNvmetRoot;

// Ports of the agent have small numbers.
fs::path Port(std::size_t portal) { return kRoot / "ports" / std::to_string(100 + portal); }

absl::Status MakeSparse(const std::string& file, std::int64_t bytes) {
  if (fs::exists(file)) return absl::OkStatus();
  const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.ok() || ::ftruncate(fd.get(), bytes) != 0) return base::ErrnoStatus(errno, file);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<NvmetExport>> NvmetExport::Create(
    const std::string& nqn, const std::vector<HandMadeNamespace>& namespaces,
    const std::vector<std::string>& further) {
  std::vector<std::string> addresses;
  for (int portal = 0; portal < Network::kLinks; ++portal) {
    addresses.push_back(Network::PortalAddress(portal));
  }
  addresses.insert(addresses.end(), further.begin(), further.end());
  std::unique_ptr<NvmetExport> made(new NvmetExport(nqn, std::move(addresses)));
  const fs::path subsystem = kRoot / "subsystems" / nqn;
  RETURN_IF_ERROR(MakeNvmetFolder(subsystem));
  RETURN_IF_ERROR(SetNvmetAttribute(subsystem / "attr_allow_any_host", "1"));
  for (const HandMadeNamespace& wanted : namespaces) {
    RETURN_IF_ERROR(made->AddNamespace(wanted));
  }
  for (std::size_t portal = 0; portal < made->addresses_.size(); ++portal) {
    RETURN_IF_ERROR(made->AddPort(portal));
  }
  return made;
}

absl::Status NvmetExport::AddNamespace(const HandMadeNamespace& wanted) const {
  RETURN_IF_ERROR(MakeSparse(wanted.file, wanted.bytes));
  const fs::path folder = kRoot / "subsystems" / nqn_ / "namespaces" / std::to_string(wanted.nsid);
  RETURN_IF_ERROR(MakeNvmetFolder(folder));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "device_path", wanted.file));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "device_uuid", wanted.uuid));
  return SetNvmetAttribute(folder / "enable", "1");
}

absl::Status NvmetExport::AddPort(std::size_t portal) const {
  const fs::path folder = Port(portal);
  // Another export's, which listens already.
  if (fs::exists(folder)) return LinkToPort(nqn_, folder);
  RETURN_IF_ERROR(MakeNvmetFolder(folder));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_trtype", "tcp"));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_adrfam", "ipv4"));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_traddr", addresses_[portal]));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_trsvcid", "4420"));
  return LinkToPort(nqn_, folder);
}

absl::Status NvmetExport::Refer(std::size_t from, std::size_t to) const {
  const fs::path folder = Port(from) / "referrals" / absl::StrCat("to-", to);
  RETURN_IF_ERROR(MakeNvmetFolder(folder));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_trtype", "tcp"));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_adrfam", "ipv4"));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_traddr", addresses_.at(to)));
  RETURN_IF_ERROR(SetNvmetAttribute(folder / "addr_trsvcid", "4420"));
  return SetNvmetAttribute(folder / "enable", "1");
}

NvmetExport::~NvmetExport() {
  std::error_code ignored;
  for (std::size_t portal = 0; portal < addresses_.size(); ++portal) {
    for (const auto& referral : fs::directory_iterator(Port(portal) / "referrals", ignored)) {
      fs::remove(referral.path(), ignored);
    }
    fs::remove(Port(portal) / "subsystems" / nqn_, ignored);
    fs::remove(Port(portal), ignored);
  }
  const fs::path subsystem = kRoot / "subsystems" / nqn_;
  for (const auto& entry : fs::directory_iterator(subsystem / "namespaces", ignored)) {
    fs::remove(entry.path(), ignored);
  }
  fs::remove(subsystem, ignored);
}

std::map<std::string, std::string> NvmetExport::PublishContext(const std::string& nqn,
                                                               const HandMadeNamespace& wanted) {
  return {{"nqn", nqn},
          {"uuid", wanted.uuid},
          {"nsid", absl::StrCat(wanted.nsid)},
          {"portals",
           absl::StrCat(Network::PortalAddress(0), ":4420,", Network::PortalAddress(1), ":4420")},
          {"sizeBytes", absl::StrCat(wanted.bytes)}};
}

}  // namespace nvmeof::testing
