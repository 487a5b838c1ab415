// FakeSpdk: the RPCs of an SPDK target with one logical volume store, for SpdkBackend. It answers
// as SPDK does, error texts included, "Invalid parameters" for nearly everything of nvmf among
// them, and keeps SPDK's traps: an exported volume is deleted and shrunk without a question. Its
// volumes and subsystems are in memory, and where somebody gives it SpdkEffects also what hosts can
// reach.
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
#include "google/protobuf/struct.pb.h"

#include "backend/spdk/rpc_transport.h"

namespace nvmeof::testing {

struct FakeLvol {
  std::string name;
  std::int64_t size_bytes;
  bool thin;

  friend bool operator==(const FakeLvol&, const FakeLvol&) = default;
};

struct FakeSubsystem {
  std::string serial;
  std::string bdev;  // of its only namespace; empty = none
  std::vector<std::string> hosts;
  std::vector<std::string> listeners;  // "address:port"
  std::set<std::string> connected;     // host NQNs
  bool allow_any_host = false;

  friend bool operator==(const FakeSubsystem&, const FakeSubsystem&) = default;
};

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

  explicit FakeSpdk(std::int64_t clusters = 1 << 20, SpdkEffects* effects = nullptr)
      : clusters_(clusters), effects_(effects) {}

  // Carries requests here; may outlive nothing of this.
  std::unique_ptr<backend::RpcTransport> Connect();

  // The target's process ended and began anew: the volumes are there, all else is not.
  void Restart();
  // The n-th request from now (1 is the next) is carried out, or not, and its answer is lost.
  void LoseAnswer(int n, bool carried_out);
  // Runs right before the n-th request from now is looked at.
  void Meanwhile(int n, std::function<void()> hook);
  // Somebody else's: SPDK has no users.
  void AddLvol(const std::string& name, std::int64_t size_bytes);
  void RenameLvol(const std::string& uuid, const std::string& name);
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
  using Struct = google::protobuf::Struct;
  using Value = google::protobuf::Value;
  struct Failure {
    int code;
    std::string message;
  };
  struct Outcome {
    Value result;
    Failure failure{0, ""};
  };

  void RunHook();
  Outcome PerformWithEffects(const std::string& method, const Struct& params)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Apply(const std::map<std::string, Lvol>& lvols,
                     const std::map<std::string, Subsystem>& subsystems)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome Perform(const std::string& method, const Struct& params)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome Bdevs(const Struct& params) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome Stores(const Struct& params) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome CreateLvol(const Struct& params) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome ResizeLvol(const Struct& params) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome Subsystems(const Struct& params) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome ChangeSubsystem(const std::string& method, const Struct& params)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::int64_t FreeClusters() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  const std::int64_t clusters_;
  SpdkEffects* const effects_;                                           // null = none
  std::map<std::string, Lvol> lvols_ ABSL_GUARDED_BY(mutex_);            // by UUID
  std::map<std::string, Subsystem> subsystems_ ABSL_GUARDED_BY(mutex_);  // by NQN
  std::vector<std::string> methods_ ABSL_GUARDED_BY(mutex_);
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  int until_loss_ ABSL_GUARDED_BY(mutex_) = 0;
  bool carried_out_ ABSL_GUARDED_BY(mutex_) = true;
  int until_hook_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void()> hook_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
