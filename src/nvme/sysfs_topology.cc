#include "nvme/sysfs_topology.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "base/status_macros.h"
#include "nvme/kernel_names.h"
#include "nvme/loop_devices.h"
#include "nvme/sysfs_directory.h"

namespace nvmeof::nvme {

namespace {

constexpr std::uint64_t kSectorBytes = 512;  // of the attribute `size`, whatever the disk's own

template <typename T>
bool IsGone(const absl::StatusOr<T>& result) {
  return absl::IsNotFound(result.status());
}

// A value, or nothing when the kernel does not show the attribute.
absl::StatusOr<std::optional<volume::Uuid>> ReadUuid(const SysfsDirectory& disk,
                                                     const std::string& attribute) {
  const absl::StatusOr<std::string> text = disk.Read(attribute);
  if (IsGone(text)) return std::nullopt;
  RETURN_IF_ERROR(text.status());
  absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(*text);
  if (!uuid.ok()) return std::nullopt;
  return *uuid;
}

template <typename Number>
absl::StatusOr<Number> ToNumber(const std::string& text, absl::string_view attribute) {
  Number number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    return absl::InternalError(absl::StrCat(attribute, " is not a number: ", text));
  }
  return number;
}

absl::StatusOr<base::DeviceNumber> ToDeviceNumber(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  base::DeviceNumber number;
  ASSIGN_OR_RETURN(number.major, ToNumber<unsigned>(parts.first, "dev"));
  ASSIGN_OR_RETURN(number.minor, ToNumber<unsigned>(parts.second, "dev"));
  return number;
}

// The other ANA states take I/O: optimized, non-optimized, and change, which passes by.
bool TakesNoIo(absl::string_view ana_state) {
  return ana_state == "inaccessible" || ana_state == "persistent-loss";
}

// The hidden disks of multipath, or the disks that users open where the kernel runs without.
absl::Status ReadPathDisksOf(const SysfsDirectory& directory, Controller& controller) {
  ASSIGN_OR_RETURN(const std::vector<std::string> entries, directory.List());
  for (const std::string& entry : entries) {
    if (!IsPathDiskName(entry) && !IsDiskName(entry)) continue;
    // Controllers without ANA have no such attribute. Before the NSID, which says that the disk is
    // still there.
    const absl::StatusOr<std::string> state = directory.Read(absl::StrCat(entry, "/ana_state"));
    if (!IsGone(state)) RETURN_IF_ERROR(state.status());
    const absl::StatusOr<std::string> nsid = directory.Read(absl::StrCat(entry, "/nsid"));
    if (IsGone(nsid)) continue;
    RETURN_IF_ERROR(nsid.status());
    std::vector<std::uint32_t>& nsids =
        TakesNoIo(state.value_or("")) ? controller.closed : controller.serves;
    ASSIGN_OR_RETURN(nsids.emplace_back(), ToNumber<std::uint32_t>(*nsid, "nsid"));
  }
  return absl::OkStatus();
}

// By the kernel's counting: nvme2 before nvme10.
template <typename Named>
void SortByName(std::vector<Named>& all) {
  std::sort(all.begin(), all.end(), [](const Named& a, const Named& b) {
    return std::pair(a.name.size(), a.name) < std::pair(b.name.size(), b.name);
  });
}

// The kernel shows a host NQN for NVMe-oF controllers only.
bool IsLocal(const Controller& controller) { return controller.host_nqn.empty(); }

}  // namespace

SysfsTopology::SysfsTopology(std::string sys_root, std::string dev_root)
    : sys_root_(std::move(sys_root)), dev_root_(std::move(dev_root)) {}

absl::StatusOr<std::optional<Subsystem>> SysfsTopology::Find(const volume::Nqn& nqn) const {
  const absl::StatusOr<SysfsDirectory> all = OpenSubsystems();
  if (IsGone(all)) return std::nullopt;
  RETURN_IF_ERROR(all.status());
  ASSIGN_OR_RETURN(const std::vector<NamedSubsystem> names, names_.In(*all));
  for (const NamedSubsystem& named : names) {
    if (named.nqn != nqn.text()) continue;
    ASSIGN_OR_RETURN(std::optional<Subsystem> found, ReadSubsystem(*all, named));
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Subsystem>> SysfsTopology::All() const {
  std::vector<Subsystem> subsystems;
  const absl::StatusOr<SysfsDirectory> all = OpenSubsystems();
  if (IsGone(all)) return subsystems;
  RETURN_IF_ERROR(all.status());
  ASSIGN_OR_RETURN(const std::vector<NamedSubsystem> names, names_.In(*all));
  for (const NamedSubsystem& named : names) {
    if (named.discovery) continue;
    ASSIGN_OR_RETURN(std::optional<Subsystem> subsystem, ReadSubsystem(*all, named));
    if (subsystem.has_value()) subsystems.push_back(*std::move(subsystem));
  }
  SortByName(subsystems);
  return subsystems;
}

absl::StatusOr<SysfsDirectory> SysfsTopology::OpenSubsystems() const {
  return SysfsDirectory::Open(absl::StrCat(sys_root_, "/class/nvme-subsystem"));
}

// Nothing when it is gone, when its name is another one's by now, or when it belongs to a local
// disk.
absl::StatusOr<std::optional<Subsystem>> SysfsTopology::ReadSubsystem(
    const SysfsDirectory& all, const NamedSubsystem& named) const {
  const absl::StatusOr<SysfsDirectory> directory = all.OpenChild(named.name);
  if (IsGone(directory)) return std::nullopt;
  RETURN_IF_ERROR(directory.status());
  const absl::StatusOr<std::string> nqn = directory->Read("subsysnqn");
  if (IsGone(nqn)) return std::nullopt;
  RETURN_IF_ERROR(nqn.status());
  if (*nqn != named.nqn) return std::nullopt;
  const absl::StatusOr<std::string> io_policy = directory->Read("iopolicy");
  ASSIGN_OR_RETURN(const std::vector<std::string> entries, directory->List());

  Subsystem subsystem;
  subsystem.name = named.name;
  subsystem.nqn = named.nqn;
  subsystem.io_policy = io_policy.value_or("");
  ASSIGN_OR_RETURN(subsystem.controllers, ReadControllers(*directory, entries));
  if (std::any_of(subsystem.controllers.begin(), subsystem.controllers.end(), IsLocal)) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(ReadDisks(*directory, entries, subsystem.namespaces));
  // Without native multipath a disk hangs under its controller.
  if (subsystem.namespaces.empty()) RETURN_IF_ERROR(ReadPathDisks(*directory, subsystem));
  SortByName(subsystem.namespaces);
  return subsystem;
}

absl::StatusOr<std::vector<Controller>> SysfsTopology::ReadControllers(
    const SysfsDirectory& subsystem, const std::vector<std::string>& entries) const {
  std::vector<Controller> controllers;
  for (const std::string& entry : entries) {
    if (!IsControllerName(entry)) continue;
    absl::StatusOr<Controller> controller = ReadController(subsystem, entry);
    if (IsGone(controller)) continue;
    RETURN_IF_ERROR(controller.status());
    controllers.push_back(*std::move(controller));
  }
  SortByName(controllers);
  return controllers;
}

absl::StatusOr<Controller> SysfsTopology::ReadController(const SysfsDirectory& parent,
                                                         const std::string& name) const {
  ASSIGN_OR_RETURN(const SysfsDirectory directory, parent.OpenChild(name));
  Controller controller;
  controller.name = name;
  const absl::StatusOr<std::string> host_nqn = directory.Read("hostnqn");
  if (!IsGone(host_nqn)) RETURN_IF_ERROR(host_nqn.status());
  controller.host_nqn = host_nqn.value_or("");
  ASSIGN_OR_RETURN(controller.path, paths_.Of(directory, name));
  RETURN_IF_ERROR(ReadPathDisksOf(directory, controller));
  // Last, so that it is no older than the rest.
  ASSIGN_OR_RETURN(const std::string state, directory.Read("state"));
  controller.state = ParseControllerState(state);
  return controller;
}

absl::Status SysfsTopology::ReadPathDisks(const SysfsDirectory& directory,
                                          Subsystem& subsystem) const {
  for (const Controller& controller : subsystem.controllers) {
    const absl::StatusOr<SysfsDirectory> child = directory.OpenChild(controller.name);
    if (IsGone(child)) continue;
    RETURN_IF_ERROR(child.status());
    ASSIGN_OR_RETURN(const std::vector<std::string> entries, child->List());
    RETURN_IF_ERROR(ReadDisks(*child, entries, subsystem.namespaces));
  }
  return absl::OkStatus();
}

absl::Status SysfsTopology::ReadDisks(const SysfsDirectory& parent,
                                      const std::vector<std::string>& entries,
                                      std::vector<Namespace>& disks) const {
  for (const std::string& entry : entries) {
    if (!IsDiskName(entry)) continue;
    absl::StatusOr<Namespace> disk = ReadNamespace(parent, entry);
    if (IsGone(disk)) continue;
    RETURN_IF_ERROR(disk.status());
    disks.push_back(*std::move(disk));
  }
  return absl::OkStatus();
}

absl::StatusOr<Namespace> SysfsTopology::ReadNamespace(const SysfsDirectory& parent,
                                                       const std::string& name) const {
  ASSIGN_OR_RETURN(const SysfsDirectory disk, parent.OpenChild(name));
  Namespace ns;
  ns.name = name;
  ns.device_path = absl::StrCat(dev_root_, "/", name);
  ASSIGN_OR_RETURN(const std::string number, disk.Read("dev"));
  ASSIGN_OR_RETURN(ns.number, ToDeviceNumber(number));
  ASSIGN_OR_RETURN(const std::string nsid, disk.Read("nsid"));
  ASSIGN_OR_RETURN(ns.nsid, ToNumber<std::uint32_t>(nsid, "nsid"));
  ASSIGN_OR_RETURN(ns.uuid, ReadUuid(disk, "uuid"));
  ASSIGN_OR_RETURN(ns.nguid, ReadUuid(disk, "nguid"));
  if (ns.uuid.has_value() && ns.uuid == ns.nguid) {
    // The kernel shows the NGUID as `uuid` of a namespace that has none; wwid tells which it is.
    ASSIGN_OR_RETURN(const std::string wwid, disk.Read("wwid"));
    if (!absl::StartsWith(wwid, "uuid.")) ns.uuid.reset();
  }
  // Last: a disk that is going away shows no size for a moment before it is gone.
  ASSIGN_OR_RETURN(const std::string sectors, disk.Read("size"));
  ASSIGN_OR_RETURN(ns.size_bytes, ToNumber<std::uint64_t>(sectors, "size"));
  ns.size_bytes *= kSectorBytes;
  return ns;
}

absl::StatusOr<bool> SysfsTopology::NativeMultipath() const {
  const absl::StatusOr<SysfsDirectory> module =
      SysfsDirectory::Open(absl::StrCat(sys_root_, "/module/nvme_core"));
  if (IsGone(module)) return absl::FailedPreconditionError("the kernel module nvme_core is absent");
  RETURN_IF_ERROR(module.status());
  const absl::StatusOr<std::string> text = module->Read("parameters/multipath");
  if (IsGone(text)) return false;  // a kernel built without it
  RETURN_IF_ERROR(text.status());
  return *text == "Y";
}

absl::StatusOr<bool> SysfsTopology::Exists(base::DeviceNumber number) const {
  const absl::StatusOr<SysfsDirectory> disk = SysfsDirectory::Open(BlockPath(number));
  if (IsGone(disk)) return false;
  RETURN_IF_ERROR(disk.status());
  return true;
}

absl::StatusOr<std::uint64_t> SysfsTopology::SizeBytes(base::DeviceNumber number) const {
  ASSIGN_OR_RETURN(const SysfsDirectory disk, SysfsDirectory::Open(BlockPath(number)));
  ASSIGN_OR_RETURN(const std::string text, disk.Read("size"));
  ASSIGN_OR_RETURN(const auto sectors, ToNumber<std::uint64_t>(text, "size"));
  return sectors * kSectorBytes;
}

absl::StatusOr<bool> SysfsTopology::HasHolders(const Namespace& ns) const {
  const absl::StatusOr<SysfsDirectory> disk = SysfsDirectory::Open(BlockPath(ns.number));
  if (IsGone(disk)) return false;
  RETURN_IF_ERROR(disk.status());
  ASSIGN_OR_RETURN(std::vector<std::string> parts, disk->List());
  std::erase_if(parts, [&](const std::string& each) {
    return !absl::StartsWith(each, absl::StrCat(ns.name, "p"));
  });
  parts.emplace_back(".");
  for (const std::string& part : parts) {
    const absl::StatusOr<SysfsDirectory> holders = disk->OpenChild(absl::StrCat(part, "/holders"));
    if (IsGone(holders)) continue;
    RETURN_IF_ERROR(holders.status());
    ASSIGN_OR_RETURN(const std::vector<std::string> names, holders->List());
    if (!names.empty()) return true;
  }
  return IsBehindLoopDevice(sys_root_, dev_root_, ns.number);
}

std::string SysfsTopology::BlockPath(base::DeviceNumber number) const {
  return absl::StrCat(sys_root_, "/dev/block/", Describe(number));
}

}  // namespace nvmeof::nvme
