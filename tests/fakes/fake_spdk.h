// FakeSpdk: an SPDK target for SpdkBackend, of any version that the driver knows: the RPCs of
// SpdkState, and what goes wrong on the way to them. Its volumes and subsystems are in memory, and
// where somebody gives it SpdkEffects also what hosts can reach.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "backend/spdk/rpc_transport.h"
#include "tests/fakes/spdk_state.h"

namespace nvmeof::testing {

// What a change of the fake's state brings about. After an error the state is as it was.
class SpdkEffects {
 public:
  virtual ~SpdkEffects() = default;
  // Null = it is gone.
  virtual absl::Status LvolIs(const std::string& uuid, const FakeLvol* lvol) = 0;
  virtual absl::Status SubsystemIs(const std::string& nqn, const FakeSubsystem* subsystem) = 0;
  // Host NQNs.
  virtual std::set<std::string> Connected(const std::string& nqn) = 0;
};

// Internally synchronised; blocks as long as the effects do.
class FakeSpdk {
 public:
  using Lvol = FakeLvol;
  using Subsystem = FakeSubsystem;

  // What becomes of a request.
  enum class Fault {
    kLost,         // it never arrives
    kAnswerLost,   // it is carried out
    kRefused,      // an error, and nothing is done
    kRefusedDone,  // an error, though it is carried out
  };

  explicit FakeSpdk(std::int64_t clusters = 1 << 20, SpdkEffects* effects = nullptr)
      : effects_(effects), state_{.version = SpdkVersion::k2605, .clusters = clusters} {}

  // Carries requests here; may outlive nothing of this.
  std::unique_ptr<backend::RpcTransport> Connect();

  // The target's process ended, began anew and was prepared again: the volumes and the transport
  // are there, all else is not.
  void Restart();
  // As another version.
  void RestartAs(SpdkVersion version);
  // The n-th request from now (1 is the next) ends like this; 0 = none does.
  void FailAt(int n, Fault fault);
  // Runs right before the n-th request from now is looked at.
  void Meanwhile(int n, std::function<void()> hook);
  // Somebody else's: SPDK has no users.
  void AddLvol(const std::string& name, std::int64_t size_bytes);
  void RenameLvol(const std::string& uuid, const std::string& name);
  void RemoveTransport();
  // Somebody else makes or changes a subsystem.
  void Meddle(const std::string& nqn, const std::function<void(Subsystem&)>& change);
  // A host connects, if it is let in.
  bool ConnectHost(const std::string& nqn, const std::string& host);

  std::map<std::string, Lvol> lvols();
  std::map<std::string, Subsystem> subsystems();
  std::vector<std::string> methods();  // called, in order
  int requests();                      // that came, or should have come

  // One request and its answer, a line.
  absl::StatusOr<std::string> Exchange(absl::string_view request);

 private:
  class Transport;

  void RunHook();
  SpdkOutcome Perform(const std::string& method, const google::protobuf::Value* params)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Apply(const SpdkState& before) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  SpdkEffects* const effects_;  // null = none
  SpdkState state_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> methods_ ABSL_GUARDED_BY(mutex_);
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  int until_fault_ ABSL_GUARDED_BY(mutex_) = 0;
  Fault fault_ ABSL_GUARDED_BY(mutex_) = Fault::kLost;
  int until_hook_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void()> hook_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
