// Fault points of the backends: each remote call of an operation goes wrong, in each way in which a
// call can, and a controller that knows nothing of it makes the same call then, or the opposite
// one. docs/FAULT_POINTS.md is the table of it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "backend/backend.h"

namespace nvmeof::testing {

// A storage system with nothing in it, and a controller.
class FaultySystem {
 public:
  virtual ~FaultySystem() = default;

  // Of the controller that runs now.
  virtual backend::Backend& backend() = 0;
  // The controller is gone, and another one begins.
  virtual void NewController() = 0;
  // For the next call.
  virtual absl::Time Deadline() = 0;

  // Ways in which a remote call goes wrong, in words for the document.
  virtual std::vector<std::string> faults() const = 0;
  // The n-th remote call from now (1 is the next) goes wrong in this way; n = 0: none does.
  virtual void FailAt(int n, std::size_t fault) = 0;
  virtual int calls() = 0;  // until now

  // Whether a host that connects is let in. It stays connected then.
  virtual bool Connects(const backend::Volume& volume, const volume::Nqn& host) = 0;
  // Everything that there is, for messages; empty = nothing.
  virtual std::string Inventory() = 0;
};

struct FaultCase {
  std::string backend;  // as in "type:" of the configuration, and how it is set up
  std::function<std::unique_ptr<FaultySystem>()> make;
};

struct FaultRow {
  std::string story;  // "export, then unexport"
  int points;         // remote calls
  std::vector<std::string> failures;
};

struct FaultTable {
  std::string backend;
  std::vector<std::string> faults;
  std::vector<FaultRow> rows;  // of all backends in the same order
};

// Tries every point in every way.
FaultTable WalkFaults(const FaultCase& fault_case);

// The whole Markdown file.
std::string RenderFaults(const std::vector<FaultTable>& tables);

// The backends. One source file each.
FaultCase CephFaults();
FaultCase SharedCephFaults();
FaultCase NvmetFaults();
FaultCase RouterosFaults();
FaultCase SpdkFaults();

}  // namespace nvmeof::testing
