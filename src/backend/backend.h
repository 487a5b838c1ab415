// Backend: a storage system that makes volumes and lets hosts reach them.
//
// Naive and truthful: it says AlreadyExists and NotFound, and needs no memory of past calls; the
// decorator IdempotentBackend and the controller service turn that into CSI's rules. Every
// implementation passes tests/contract.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "volume/accessibility.h"
#include "volume/authentication.h"
#include "volume/nqn.h"
#include "volume/parameters.h"
#include "volume/size.h"
#include "volume/target.h"
#include "volume/volume_id.h"

namespace nvmeof::backend {

// How a host may use a volume; kept with the export so that a repeated ControllerPublish can be
// compared.
enum class ExportMode { kSingleNode, kMultiNode };

struct Export {
  volume::Nqn host;
  ExportMode mode = ExportMode::kSingleNode;
  // The caller's own words for what it published (capability, readonly), or their digest
  // (backend/words.h); compared, never interpreted.
  std::string fingerprint;
  // What the host must know, where the backend has Abilities::keys. Never told back.
  std::optional<volume::AuthenticationKeys> keys = {};

  friend bool operator==(const Export&, const Export&) = default;
};

struct Volume {
  volume::VolumeId id;
  std::string name;  // the request's, any Unicode, or its digest (backend/words.h)
  std::int64_t size_bytes = 0;
  // The caller's own words for what it asked for (parameters, capabilities), or their digest;
  // compared, never interpreted.
  std::string fingerprint;
  // volume_context, so that List and a repeated Create answer the same. Empty where the storage
  // system has no room for it; it follows from what the fingerprint says.
  volume::StringMap context;
  volume::Target target;  // portals as they are now
  std::vector<Export> exports;
  // Always the same for a volume's place.
  volume::Segments reachable_from = {};

  friend bool operator==(const Volume&, const Volume&) = default;
};

struct CreateRequest {
  std::string name;
  volume::SizeRange size;
  volume::Provisioning provisioning = volume::Provisioning::kBackendDefault;
  std::string fingerprint;
  volume::StringMap context;
  volume::AccessibilityRequirement accessibility = {};
};

struct CapacityRequest {
  volume::Provisioning provisioning = volume::Provisioning::kBackendDefault;
  volume::Segments from = {};  // of places that nodes with these segments reach; empty = of all
};

struct Capacity {
  std::int64_t available_bytes = 0;       // in all places together
  std::int64_t maximum_volume_bytes = 0;  // the largest that could be created now
  std::int64_t minimum_volume_bytes = 0;
};

// What a storage system does beyond making volumes and letting one host in. The controller
// announces what one of its backends can, and refuses for the others, naming them.
struct Abilities {
  bool capacity = true;        // GetCapacity; otherwise that answers Unimplemented
  bool several_hosts = true;   // ExportMode::kMultiNode; otherwise that is InvalidArgument
  bool namespace_ids = true;   // targets tell a UUID, mostly an NGUID too; else the NSID alone
  bool keys = false;           // ExportTo with keys
  bool own_subsystems = true;  // no two volumes have one subsystem
  bool places = false;         // not every node reaches every place: Volume::reachable_from

  friend bool operator==(const Abilities&, const Abilities&) = default;
};

// `unreachable` names the places that could not be asked.
struct VolumeList {
  std::vector<Volume> volumes;
  std::vector<std::string> unreachable;
};

// Safe to use from several threads. Every call blocks on the network until `deadline` at most, a
// point on the line of base::Clock. Codes that all calls may answer: Unavailable (the storage
// system or the volume's place cannot be reached, or has too many calls to answer, or the outcome
// of a change is not known; the message names the place), Aborted (another call is changing the
// same volume or name), DeadlineExceeded, Internal. After the first two the same call may be
// repeated.
//
// An id with a place that this backend does not know: NotFound, but Unavailable from Delete and
// Unexport, which must not report as gone what they cannot ask.
class Backend {
 public:
  virtual ~Backend() = default;

  // The same at all times; never blocks.
  virtual Abilities abilities() const { return {}; }

  // A new volume, blank, exported to nobody, with a UUID, a NGUID and, where it has a subsystem of
  // its own, a NQN that no volume ever had. Of several calls with one name at most one is OK.
  // Places that are down are passed over, so only the others can know the name. AlreadyExists: the
  // name is taken, whatever the size (the caller looks with FindByName). OutOfRange: a size that
  // can never be met. ResourceExhausted: no room now, in places that are accessible as wanted.
  // InvalidArgument: a provisioning that it does not offer.
  virtual absl::StatusOr<Volume> Create(const CreateRequest& request, absl::Time deadline) = 0;

  // NotFound when there is none. Unavailable when it cannot be known.
  virtual absl::StatusOr<Volume> FindByName(const std::string& name, absl::Time deadline) = 0;
  virtual absl::StatusOr<Volume> Get(const volume::VolumeId& id, absl::Time deadline) = 0;

  // What is known, sorted by id; never an error only because some places are down. Unavailable when
  // all are.
  virtual absl::StatusOr<VolumeList> List(absl::Time deadline) = 0;

  // NotFound; FailedPrecondition while exported, naming a host. Data is gone afterwards.
  virtual absl::Status Delete(const volume::VolumeId& id, absl::Time deadline) = 0;

  // The size afterwards, which meets the range; a volume that meets it already is left as it is.
  // Hosts are told. NotFound, ResourceExhausted; OutOfRange also for a volume that is over the
  // limit already: none ever shrinks.
  virtual absl::StatusOr<std::int64_t> Expand(const volume::VolumeId& id,
                                              const volume::SizeRange& size,
                                              absl::Time deadline) = 0;

  // Lets the host in. AlreadyExists when it is in already (the caller compares). FailedPrecondition
  // naming the host when another one is in and either export is kSingleNode. InvalidArgument: a
  // mode that it does not offer. Answers the volume with its target as it is now.
  virtual absl::StatusOr<Volume> ExportTo(const volume::VolumeId& id, const Export& wanted,
                                          absl::Time deadline) = 0;

  // The fence: after OK this host can no longer write, also over connections that it holds.
  // NotFound when the volume is absent; not exported to the host is OK.
  virtual absl::Status Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                absl::Time deadline) = 0;

  // Of the places that can be asked, together; Unavailable when there is none. Unimplemented where
  // the storage system does not tell.
  virtual absl::StatusOr<Capacity> GetCapacity(const CapacityRequest& request,
                                               absl::Time deadline) = 0;
};

}  // namespace nvmeof::backend
