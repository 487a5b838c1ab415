// SimWorld: one machine and the storage around it, for the node half to live in: the fakes of the
// kernel, of mounts and of file systems, bound together as facts of the kernel demand.
//
//   - What is on a disk belongs to the volume of the target, not to the number of the device: a
//     volume that comes back under another number shows the same content.
//   - A disk that the kernel gave up is gone at once from /dev, though mounted; its number and its
//     empty subsystem stay while a mount or an open descriptor holds them, and are given to any
//     disk afterwards. A bind mount of a device node holds nothing.
//   - A dead mount never heals, is unmounted at once, and hinders XFS under another number.
//   - A disk without a live path answers reads, formats and mounts with EIO.
//
// One thread. Every call of a seam passes through AtSeam first, where the simulation lets something
// else happen; the step itself is then done at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/nvme_host.h"
#include "tests/fakes/effects.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_discovery.h"
#include "tests/fakes/fake_file_systems.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/fake_mounter.h"
#include "tests/fakes/memory_record_files.h"
#include "volume/capability.h"
#include "volume/parameters.h"

namespace nvmeof::testing {

// Of one storage host: where it listens now.
struct SimAgent {
  std::vector<volume::Portal> portals;
};

struct SimPublication {
  std::string path;
  bool read_only = false;
};

// What the orchestrator knows of a volume, and where its data is.
struct SimVolume {
  std::string id;
  std::optional<volume::Nqn> nqn;
  std::uint32_t nsid = 1;
  std::string uuid;
  int agent = 0;
  std::uint64_t size_bytes = 0;
  volume::VolumeCapability capability;
  volume::StringMap volume_context;
  std::string staging_path;
  std::vector<SimPublication> targets;
};

enum class SimFiles { kGood, kFull, kReadOnly };

// A mistake of the world itself, which the simulation must notice: else it would check nothing.
enum class SimFlaw { kNone, kKeepsControllers, kMountsAnotherDisk, kKeepsMounts, kForgetsRecords };

class SimWorld {
 public:
  // What a seam was called for.
  enum class Seam {
    kLook,
    kEffect,
    kWait,
    kLocked,  // the turn of the scheduler or the writing of marks is taken: a second one would wait
  };

  explicit SimWorld(std::vector<SimVolume> volumes, std::vector<SimAgent> agents);
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;
  ~SimWorld();

  // --- For the node half ---

  node::NvmeHost host();
  mount::Mounter& mounter();
  mount::FileSystems& file_systems();
  base::RecordFiles& record_files();
  base::RecordFiles& mark_files();

  // --- For the simulation ---

  // Lets something else happen before a step.
  std::function<void(Seam)> at_seam;
  // The step touched what a volume stands on: `verb` is "mount", "bind", "unmount", "format",
  // "grow" or "read-only"; `path` is where it is or shall be mounted, empty for what has no path;
  // `disk` the UUID of the data behind it.
  std::function<void(const std::string& verb, const std::string& path, const std::string& disk)>
      on_touch;
  // What must never happen, noticed by the world itself.
  std::function<void(std::string)> on_violation;

  volume::Target TargetOf(const SimVolume& volume) const;
  // The data behind the device number, now or when it was last seen; empty for others.
  std::string DiskBehind(base::DeviceNumber number) const;
  bool IsPresent(base::DeviceNumber number) const { return present_.contains(number); }
  std::optional<base::DeviceNumber> PresentNumber(const SimVolume& volume) const;
  bool IsPeer(const std::string& controller) const { return peers_.contains(controller); }
  // Time passes: the kernel does what it was about to do, such as the scan after a rescan.
  void Pass(absl::Duration time);
  // To be called after everything that was done to `kernel` directly.
  void Settle();

  void PortalDown(const volume::Portal& portal, int how);  // 0 refuses, 1 is silent, 2 hangs
  void PortalUp(const volume::Portal& portal);
  // A namespace goes, comes back, or another one answers in its place; `announced`: with a notice
  // of each change and time to see it.
  void Vanish(const SimVolume& volume);
  void Return(const SimVolume& volume, bool announced);
  void Lie(const SimVolume& volume, bool blank, bool announced);
  void Grow(SimVolume& volume, bool announced);
  // The storage host gives up a portal and listens at another one.
  void Move(int agent, int portal);
  // nvme-cli connects with our host NQN; false if something is connected there.
  bool PeerConnects(const volume::Nqn& nqn, const volume::Path& path);
  void PeerDisconnects();
  void Reboot();

  std::vector<SimVolume> volumes;
  std::vector<SimAgent> agents;
  SimFiles files = SimFiles::kGood;
  SimFlaw flaw = SimFlaw::kNone;
  FakeClock clock;
  Effects effects;
  FakeKernel kernel{clock};
  FakeDiscovery discovery;
  FakeMounter mounts{effects};
  FakeFileSystems disks{mounts, effects};
  MemoryRecordFiles records{"record", effects};
  MemoryRecordFiles marks{"marks", effects};

 private:
  class Topology;
  class Fabric;
  class Uevents;
  class PortalProbe;
  class Mounter;
  class FileSystems;
  class Files;
  struct Seams;

  struct Disk {
    std::string nqn;
    std::string path;
    std::string uuid;
    std::uint64_t size_bytes = 0;

    friend bool operator==(const Disk&, const Disk&) = default;
  };

  void AtSeam(Seam seam);
  void Touch(const std::string& verb, const std::string& path, base::DeviceNumber number);
  bool IsHeld(base::DeviceNumber number) const;
  bool Answers(base::DeviceNumber number) const;
  void Update();

  std::map<base::DeviceNumber, Disk> present_;
  std::map<base::DeviceNumber, Disk> dead_;  // gone, and still held
  std::map<base::DeviceNumber, std::string> behind_;
  std::set<std::string> peers_;
  bool changed_ = true;
  int next_host_ = 10;
  int lies_ = 0;
  std::unique_ptr<Seams> seams_;
};

}  // namespace nvmeof::testing
