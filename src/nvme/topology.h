// What the kernel shows of NVMe over Fabrics now, as plain values; and Topology, the seam through
// which it is read.
//
// Names such as nvme0n1 are found, never composed: a subsystem carries the number of its first
// controller, the head index is not the NSID, and both change after a loss under a mount.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "base/device_number.h"
#include "volume/nqn.h"
#include "volume/path.h"
#include "volume/target.h"
#include "volume/uuid.h"

namespace nvmeof::nvme {

enum class ControllerState { kNew, kLive, kResetting, kConnecting, kDeleting, kDead, kUnknown };

// The text of sysfs `state`; "deleting (no IO)" is kDeleting too. Others are kUnknown.
[[nodiscard]] ControllerState ParseControllerState(absl::string_view text);
[[nodiscard]] absl::string_view Name(ControllerState state);

// One path as the kernel holds it.
struct Controller {
  std::string name;  // "nvme3"
  ControllerState state = ControllerState::kUnknown;
  volume::Path path;  // from `transport` and `address`, host side as it was asked for
  std::string host_nqn;
  // NSIDs for which it has a path disk. While it is live it takes I/O for those that it serves; the
  // target closed the others to it: ANA state inaccessible or persistent-loss. No event tells of a
  // change of either.
  std::vector<std::uint32_t> serves = {};
  std::vector<std::uint32_t> closed = {};

  friend bool operator==(const Controller&, const Controller&) = default;
};

// A disk that users can open: the multipath head, or the only path's disk where the kernel runs
// without native multipath.
struct Namespace {
  std::string name;         // "nvme0n1"
  std::string device_path;  // "/dev/nvme0n1"
  base::DeviceNumber number;
  std::uint32_t nsid = 0;
  std::optional<volume::Uuid> uuid;
  std::optional<volume::Uuid> nguid;
  std::uint64_t size_bytes = 0;

  friend bool operator==(const Namespace&, const Namespace&) = default;
};

struct Subsystem {
  std::string name;  // "nvme-subsys0"
  std::string nqn;
  std::string io_policy;
  std::vector<Controller> controllers;  // empty while a dead disk is still held
  std::vector<Namespace> namespaces;

  friend bool operator==(const Subsystem&, const Subsystem&) = default;
};

// How a subsystem's namespaces answer for a wanted identity.
enum class Identity {
  kMatch,
  kAbsent,  // no namespace with this UUID, NGUID or NSID
  kWrong,   // the NSID (or the only namespace, when no NSID is known) is there with another UUID or
            // NGUID
};

struct NamespaceMatch {
  Identity identity = Identity::kAbsent;
  std::optional<Namespace> found;  // kMatch: the one; kWrong: the impostor
};

// UUID decides, then NGUID, then NSID; everything that is known must agree. Pure.
[[nodiscard]] NamespaceMatch FindNamespace(const Subsystem& subsystem,
                                           const volume::NamespaceIdentity& wanted);

// Wanted paths that no controller of the subsystem keeps, in the given order. A controller in any
// state but deleting or dead keeps its path: `connecting` belongs to the kernel. Pure.
[[nodiscard]] std::vector<volume::Path> MissingPaths(const Subsystem& subsystem,
                                                     const std::vector<volume::Path>& wanted);

// How many of the wanted paths are live. Pure.
[[nodiscard]] int LivePaths(const Subsystem& subsystem, const std::vector<volume::Path>& wanted);

// True while some live controller takes I/O for the NSID. Pure.
[[nodiscard]] bool IsServed(const Subsystem& subsystem, std::uint32_t nsid);

// Seam: reads, never changes. Safe to use from several threads. Reads named attributes only (`nuse`
// would block on a dead path) and tolerates entries that vanish meanwhile.
class Topology {
 public:
  virtual ~Topology() = default;

  // The subsystem with this NQN, reading no other one's controllers or namespaces; nothing when the
  // kernel shows none.
  virtual absl::StatusOr<std::optional<Subsystem>> Find(const volume::Nqn& nqn) const = 0;

  // All NVMe-oF subsystems but discovery ones.
  virtual absl::StatusOr<std::vector<Subsystem>> All() const = 0;

  // False when the kernel runs with nvme_core.multipath=N: each path is then a disk of its own.
  virtual absl::StatusOr<bool> NativeMultipath() const = 0;

  // True while a block device with this number exists. The one reliable test for a mount whose disk
  // the kernel has given up (stat and statfs succeed from cache).
  virtual absl::StatusOr<bool> Exists(base::DeviceNumber number) const = 0;

  // Size now, from sysfs; NotFound when the device is gone.
  virtual absl::StatusOr<std::uint64_t> SizeBytes(base::DeviceNumber number) const = 0;

  // True when something is stacked on the disk or on a partition of it: dm, md, a loop device.
  // Mounts and open files do not show. False when the disk is gone.
  virtual absl::StatusOr<bool> HasHolders(const Namespace& ns) const = 0;
};

}  // namespace nvmeof::nvme
