// SysfsTopology: the Topology that sysfs shows.
//
// Read by ourselves and not through libnvme, whose scan opens every NVMe disk of the machine,
// blocks on a dead path of any volume and can crash when a controller vanishes meanwhile. Find
// opens one file for each other subsystem that is new since the last look, and of the wanted one a
// fixed number for each controller and disk.
//
// Safe to use from several threads. Reads only attributes that the kernel answers from memory, so
// it does not block on the network. Errors: Internal for what sysfs should never do; what is gone,
// or goes meanwhile, is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nvme/controller_paths.h"
#include "nvme/subsystem_names.h"
#include "nvme/topology.h"

namespace nvmeof::nvme {

class SysfsDirectory;

class SysfsTopology final : public Topology {
 public:
  // Where sysfs and the device nodes are; other places in tests, or when the host's are mounted
  // elsewhere.
  explicit SysfsTopology(std::string sys_root = "/sys", std::string dev_root = "/dev");

  absl::StatusOr<std::optional<Subsystem>> Find(const volume::Nqn& nqn) const override;
  absl::StatusOr<std::vector<Subsystem>> All() const override;

  // FailedPrecondition while the kernel has no NVMe at all.
  absl::StatusOr<bool> NativeMultipath() const override;

  absl::StatusOr<bool> Exists(base::DeviceNumber number) const override;
  absl::StatusOr<std::uint64_t> SizeBytes(base::DeviceNumber number) const override;
  absl::StatusOr<bool> HasHolders(const Namespace& ns) const override;

 private:
  absl::StatusOr<SysfsDirectory> OpenSubsystems() const;
  absl::StatusOr<std::vector<Controller>> ReadControllers(
      const SysfsDirectory& subsystem, const std::vector<std::string>& entries) const;
  absl::StatusOr<Controller> ReadController(const SysfsDirectory& parent,
                                            const std::string& name) const;
  absl::StatusOr<std::optional<Subsystem>> ReadSubsystem(const SysfsDirectory& all,
                                                         const NamedSubsystem& named) const;
  absl::Status ReadPathDisks(const SysfsDirectory& directory, Subsystem& subsystem) const;
  absl::Status ReadDisks(const SysfsDirectory& parent, const std::vector<std::string>& entries,
                         std::vector<Namespace>& disks) const;
  absl::StatusOr<Namespace> ReadNamespace(const SysfsDirectory& parent,
                                          const std::string& name) const;
  std::string BlockPath(base::DeviceNumber number) const;

  const std::string sys_root_;
  const std::string dev_root_;
  mutable SubsystemNames names_;
  mutable ControllerPaths paths_;
};

}  // namespace nvmeof::nvme
