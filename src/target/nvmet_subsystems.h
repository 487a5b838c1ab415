// NvmetSubsystems: one subsystem of the kernel target for each volume that a host may reach.
//
// Everything converges: what is right already is not touched, so that a restarted agent disturbs no
// host that writes meanwhile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "target/configfs.h"
#include "volume/nqn.h"
#include "volume/uuid.h"

namespace nvmeof::target {

// What the kernel is to show of a volume.
struct NvmetVolume {
  volume::Nqn subsystem;
  volume::Uuid uuid;
  volume::Uuid nguid;
  std::string backing_path;  // absolute
  std::vector<volume::Nqn> hosts;
};

// What the kernel shows of a volume, whoever wanted it so.
struct ShownVolume {
  std::string backing_path;
  std::string uuid;
  std::string nguid;
  bool enabled = false;
  bool any_host = false;
  std::vector<std::string> hosts;  // sorted
};

// Ensure would have nothing to do for the hosts' sake. Pure.
[[nodiscard]] bool Matches(const ShownVolume& shown, const NvmetVolume& wanted);

// Borrows the tree. Safe to use from several threads on different subsystems.
class NvmetSubsystems {
 public:
  explicit NvmetSubsystems(Configfs& tree) : tree_(tree) {}

  // The subsystem, its enabled namespace, and exactly these hosts. Links no port. A host that is
  // taken out keeps the connections that it has. FailedPrecondition: the namespace is enabled with
  // another path or identity; correcting it would pull the disk from under its hosts, so it is
  // left alone. NotFound: the backing is missing.
  absl::Status Ensure(const NvmetVolume& wanted);

  // Takes the subsystem, which must be unlinked from all ports, out of the kernel; an absent one is
  // OK. Blocks until the last command on its namespace is done.
  //
  // After OK no command that any host ever sent to it can reach the backing. Disabling the
  // namespace waits for those that found it. Those that a host sent and the kernel has not looked
  // at yet (in a socket's buffer, on a connection that was half made when the ports were unlinked)
  // belong to this subsystem object, which has no namespace and never gets one again: a later
  // Ensure makes a new object under the same name. Cutting the sockets alone would not do, since
  // the kernel tells nobody when it has dropped what they held.
  absl::Status Remove(const volume::Nqn& subsystem);

  // Removes what the kernel knows of the host itself, once no subsystem allows it any more and
  // unless somebody else gave it a key.
  absl::Status Forget(const volume::Nqn& host);

  // The subsystem as it is; nothing when there is none, or none that has been given a backing.
  absl::StatusOr<std::optional<ShownVolume>> Find(const volume::Nqn& subsystem) const;

  // The volumes whose subsystems there are, of this agent or not.
  absl::StatusOr<std::vector<volume::Uuid>> Volumes() const;

  // Lets the hosts see a new size; an absent subsystem is OK.
  absl::Status Revalidate(const volume::Nqn& subsystem);

 private:
  absl::Status EnsureValue(const std::string& path, const std::string& value);
  absl::Status EnsureNamespace(const std::string& path, const NvmetVolume& wanted);
  absl::StatusOr<bool> ReadSwitch(const std::string& path) const;
  absl::StatusOr<ShownVolume> Read(const volume::Nqn& subsystem) const;
  absl::Status CheckIdentity(const std::string& path, const NvmetVolume& wanted) const;
  absl::Status EnsureHosts(const std::string& path, const std::vector<volume::Nqn>& hosts);
  absl::Status Allow(const std::string& path, const std::string& host);
  absl::Status RemoveNamespaces(const std::string& path);

  Configfs& tree_;
};

}  // namespace nvmeof::target
