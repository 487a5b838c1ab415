// SpdkState: the logical volumes and subsystems of an SPDK target with one store, and what its
// methods do to them. They answer as SPDK's do, error texts included, "Invalid parameters" for
// nearly everything of nvmf among them, and keep its traps: an exported volume is deleted and
// shrunk without a question, the latter though the answer is that it is busy. For FakeSpdk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/struct.pb.h"

#include "tests/fakes/spdk_methods.h"

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
  bool changing = false;  // its state: it is paused, say, and cannot be deleted

  friend bool operator==(const FakeSubsystem&, const FakeSubsystem&) = default;
};

struct SpdkOutcome {
  google::protobuf::Value result = {};
  std::optional<SpdkError> error = {};
};

// Not synchronised.
struct SpdkState {
  SpdkVersion version;
  std::int64_t clusters;
  std::map<std::string, FakeLvol> lvols = {};            // by UUID
  std::map<std::string, FakeSubsystem> subsystems = {};  // by NQN
  std::set<std::string> transports = {"TCP"};

  // Without `params` none were sent.
  SpdkOutcome Perform(const std::string& method, const google::protobuf::Value* params);

 private:
  using Struct = google::protobuf::Struct;
  using Lvols = std::map<std::string, FakeLvol>;

  SpdkOutcome Methods(const Struct& params);
  SpdkOutcome Version(const Struct& params);
  SpdkOutcome Bdevs(const Struct& params);
  SpdkOutcome Stores(const Struct& params);
  SpdkOutcome ListLvols(const Struct& params);
  SpdkOutcome CreateLvol(const Struct& params);
  SpdkOutcome ResizeLvol(const Struct& params);
  SpdkOutcome DeleteLvol(const Struct& params);
  SpdkOutcome CreateTransport(const Struct& params);
  SpdkOutcome ListSubsystems(const Struct& params);
  SpdkOutcome CreateSubsystem(const Struct& params);
  SpdkOutcome DeleteSubsystem(const Struct& params);
  SpdkOutcome AddNamespace(const Struct& params);
  SpdkOutcome AddHost(const Struct& params);
  SpdkOutcome RemoveHost(const Struct& params);
  SpdkOutcome AddListener(const Struct& params);
  SpdkOutcome Controllers(const Struct& params);

  // By UUID or alias.
  Lvols::iterator FindLvol(const std::string& name);
  // Null = there is none.
  FakeSubsystem* FindSubsystem(const Struct& params);
  bool IsExported(const std::string& uuid) const;
  std::int64_t FreeClusters() const;
};

}  // namespace nvmeof::testing
