// VolumeRecord: what the agent promised about one volume, as a plain value. The kernel is made to
// match it; the data is in the pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "volume/nqn.h"
#include "volume/parameters.h"
#include "volume/uuid.h"

namespace nvmeof::target {

// One namespace a subsystem: an NSID is never pointed at something else.
inline constexpr std::uint32_t kNsid = 1;

enum class ExportMode { kSingleNode, kMultiNode };

struct Export {
  volume::Nqn host;
  ExportMode mode = ExportMode::kSingleNode;
  std::string fingerprint;  // the caller's own words, never interpreted
  // Its removal has begun: the host gets no new connection, but may still write until the export
  // is erased.
  bool leaving = false;

  friend bool operator==(const Export&, const Export&) = default;
};

struct VolumeRecord {
  enum class State {
    kCreating,  // not yet answered; worth nothing after a crash
    kReady,
    kDeleting,  // nobody may use it again
  };

  State state = State::kCreating;
  // Names the volume for ever: handle, NQN and the namespace's UUID all come from it. Random, so
  // no other volume ever has it: a host's queued write cannot land on a successor.
  volume::Uuid uuid;
  volume::Uuid nguid;
  std::string name;
  std::int64_t size_bytes = 0;
  volume::Provisioning provisioning = volume::Provisioning::kThin;  // thin or thick
  std::string fingerprint;
  volume::StringMap context;
  std::vector<Export> exports;

  std::string Handle() const { return uuid.Hex(); }
  volume::Nqn SubsystemNqn() const;
  // The export to this host, leaving or not; null when there is none.
  const Export* FindExport(const volume::Nqn& host) const;
  // Hosts that may connect.
  std::vector<volume::Nqn> AllowedHosts() const;

  friend bool operator==(const VolumeRecord&, const VolumeRecord&) = default;
};

}  // namespace nvmeof::target
