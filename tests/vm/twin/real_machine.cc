#include "tests/vm/twin/real_machine.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"
#include "tests/vm/nvmet_tree.h"
#include "tests/vm/peer.h"

namespace nvmeof::testing {
namespace {

absl::StatusOr<int> IndexOf(const volume::Portal& portal) {
  for (int i = 0; i < Network::kLinks; ++i) {
    if (Network::PortalAddress(i) == portal.address) return i;
  }
  return absl::NotFoundError(absl::StrCat("no portal ", portal.address));
}

absl::StatusOr<KernelPath> PathOf(const SimVolume& volume, const volume::Portal& portal) {
  for (KernelPath& path : KernelPaths(volume.nqn->text())) {
    if (path.address == portal.address) return std::move(path);
  }
  return absl::NotFoundError(absl::StrCat("no controller at ", portal.address));
}

Exported ExportOf(const SimVolume& volume) { return Exported(volume.nqn->text()); }

}  // namespace

RealMachine::RealMachine(Lab& lab, const MachinePlan& plan, base::RecordDirectory record_files,
                         base::RecordDirectory mark_files)
    : lab_(lab),
      volumes_(plan.volumes),
      portals_(plan.portals),
      identity_{*volume::Nqn::Parse(Lab::host_nqn()), Lab::host_id()},
      record_files_(std::move(record_files)),
      mark_files_(std::move(mark_files)) {}

absl::StatusOr<std::unique_ptr<RealMachine>> RealMachine::Create(Lab& lab,
                                                                 const MachinePlan& plan) {
  for (const std::string& folder : plan.folders) RETURN_IF_ERROR(base::EnsureDirectory(folder));
  std::error_code ignored;
  std::filesystem::remove_all(lab.Folder("exports"), ignored);
  RETURN_IF_ERROR(base::EnsureDirectory(lab.Folder("exports")));
  ASSIGN_OR_RETURN(base::RecordDirectory record_files,
                   base::RecordDirectory::Open(lab.Folder("state/volumes")));
  ASSIGN_OR_RETURN(base::RecordDirectory mark_files,
                   base::RecordDirectory::Open(lab.Folder("state/connections")));
  std::unique_ptr<RealMachine> machine(
      new RealMachine(lab, plan, std::move(record_files), std::move(mark_files)));
  RETURN_IF_ERROR(machine->Export());
  return machine;
}

RealMachine::~RealMachine() {
  for (const int portal : down_) lab_.network().Restore(portal).IgnoreError();
}

absl::Status RealMachine::Export() {
  std::map<std::string, std::vector<HandMadeNamespace>> subsystems;
  for (const SimVolume& volume : volumes_) {
    subsystems[volume.nqn->text()].push_back(NamespaceOf(volume));
  }
  for (const auto& [nqn, namespaces] : subsystems) {
    ASSIGN_OR_RETURN(std::unique_ptr<NvmetExport> made, NvmetExport::Create(nqn, namespaces));
    exports_.push_back(std::move(made));
  }
  return absl::OkStatus();
}

HandMadeNamespace RealMachine::NamespaceOf(const SimVolume& volume) const {
  return {volume.nsid, volume.uuid, lab_.Folder(absl::StrCat("exports/", volume.id)),
          static_cast<std::int64_t>(volume.size_bytes)};
}

absl::Status RealMachine::PortalDown(const volume::Portal& portal, Down how) {
  ASSIGN_OR_RETURN(const int index, IndexOf(portal));
  down_.insert(index);
  return how == Down::kRefuses ? lab_.network().Refuse(index) : lab_.network().Cut(index);
}

absl::Status RealMachine::PortalUp(const volume::Portal& portal) {
  ASSIGN_OR_RETURN(const int index, IndexOf(portal));
  down_.erase(index);
  return lab_.network().Restore(index);
}

absl::Status RealMachine::GiveUp(const SimVolume& volume, const volume::Portal& portal) {
  ASSIGN_OR_RETURN(const KernelPath path, PathOf(volume, portal));
  return LoseAtNextTry(path.name);
}

absl::Status RealMachine::Delete(const SimVolume& volume, const volume::Portal& portal) {
  ASSIGN_OR_RETURN(const KernelPath path, PathOf(volume, portal));
  return DisconnectByHand(path.name);
}

absl::Status RealMachine::Vanish(const SimVolume& volume) {
  return ExportOf(volume).DisableNamespace();
}

absl::Status RealMachine::Lie(const SimVolume& volume, Notice notice) {
  const Exported::Content before = ExportOf(volume).Namespace();
  Exported::Content other = before;
  other.uuid.replace(0, 8, "bad00000");
  other.file += "-other";
  const base::UniqueFd fd(::open(other.file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.ok() || ::ftruncate(fd.get(), static_cast<off_t>(volume.size_bytes)) != 0) {
    return base::ErrnoStatus(errno, other.file);
  }
  replaced_.emplace(volume.id, before);
  return Replace(volume, other, notice);
}

absl::Status RealMachine::Return(const SimVolume& volume, Notice notice) {
  const auto replaced = replaced_.find(volume.id);
  if (replaced == replaced_.end()) return ExportOf(volume).EnableNamespace();
  const Exported::Content before = replaced->second;
  replaced_.erase(replaced);
  return Replace(volume, before, notice);
}

// Two notices that are one scan to the kernel would leave it without a disk.
absl::Status RealMachine::Replace(const SimVolume& volume, const Exported::Content& other,
                                  Notice notice) {
  const std::string nqn = volume.nqn->text();
  if (notice == Notice::kLost) {
    if (CountLive(nqn) > 0) return absl::FailedPreconditionError("a live path is told");
    return ExportOf(volume).ReplaceNamespace(other);
  }
  RETURN_IF_ERROR(ExportOf(volume).DisableNamespace());
  if (!Eventually(absl::Seconds(10), [&] { return !DiskOf(nqn).ok(); })) {
    return absl::DeadlineExceededError(absl::StrCat(nqn, " still has a disk"));
  }
  return ExportOf(volume).ReplaceNamespace(other);
}

absl::Status RealMachine::Grow(SimVolume& volume) {
  volume.size_bytes += std::uint64_t{1} << 30;
  const std::string file = NamespaceOf(volume).file;
  if (::truncate(file.c_str(), static_cast<off_t>(volume.size_bytes)) != 0) {
    return base::ErrnoStatus(errno, file);
  }
  return ExportOf(volume).AnnounceSize();
}

absl::Status RealMachine::PeerConnects(const SimVolume& volume, const volume::Portal& portal) {
  ASSIGN_OR_RETURN(std::string controller, ConnectByHand({identity_.nqn.text(), identity_.id},
                                                         volume.nqn->text(), portal.address));
  peers_.push_back(std::move(controller));
  return absl::OkStatus();
}

absl::Status RealMachine::PeerDisconnects() {
  for (const std::string& controller : std::exchange(peers_, {})) {
    RETURN_IF_ERROR(DisconnectByHand(controller));
  }
  return absl::OkStatus();
}

absl::Status RealMachine::KeepBusy(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, path);
  busy_.push_back(std::move(fd));
  return absl::OkStatus();
}

absl::Status RealMachine::LetGo() {
  busy_.clear();
  return absl::OkStatus();
}

}  // namespace nvmeof::testing
