// Diagnosis: why a staged volume is not healthy: one closed list, decided in one place. Logs,
// errors, NodeGetVolumeHealth and repair all use these words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "base/device_number.h"
#include "nvme/topology.h"
#include "volume/path.h"
#include "volume/target.h"

namespace nvmeof::node {

enum class Diagnosis {
  kHealthy,
  kDegraded,       // usable, but not every wanted path is live
  kStaleEndpoint,  // usable again, but what is mounted for it is another disk, dead or gone
  kNoNamespace,    // live controllers that show no such namespace
  kWrongIdentity,  // another namespace in its place
  kNoLivePath,     // controllers, and none takes I/O for the namespace: each is connecting,
                   // resetting or deleting, has no path disk, or the target closed it (ANA)
  kNoController,   // an empty subsystem lingers, because a dead disk is still held
  kNoSubsystem,    // nothing
};

// "NoLivePath": the word in logs, messages and health reasons.
[[nodiscard]] absl::string_view Name(Diagnosis diagnosis);

// A place where the volume shall be found, and the block device under it: of the mounted file
// system, or the one to which the device node leads. Nothing where nothing is mounted.
struct Endpoint {
  std::string path;
  std::optional<base::DeviceNumber> device;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// All that is known of one volume at one look.
struct Observation {
  volume::Target target;
  std::vector<volume::Path> wanted;
  std::optional<nvme::Subsystem> subsystem;  // without controllers of other hosts
  std::vector<Endpoint> endpoints;
};

struct Condition {
  Diagnosis diagnosis = Diagnosis::kHealthy;
  std::string message;  // begins with the diagnosis' name; for people

  friend bool operator==(const Condition&, const Condition&) = default;
};

// Pure. The first that holds of: NoSubsystem, NoController, WrongIdentity, NoLivePath, NoNamespace,
// StaleEndpoint, Degraded, Healthy.
[[nodiscard]] Condition Diagnose(const Observation& seen);

// The namespace of a condition that is Healthy, Degraded or StaleEndpoint; else an error that says
// the condition: NotFound (NoSubsystem, NoController, NoNamespace), Unavailable (NoLivePath),
// FailedPrecondition (WrongIdentity).
[[nodiscard]] absl::StatusOr<nvme::Namespace> UsableNamespace(const Observation& seen);

}  // namespace nvmeof::node
