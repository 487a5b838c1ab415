// Failures: what went wrong at those of several agents that could not or would not answer.
#pragma once

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace nvmeof::backend {

// One thread at a time.
class Failures {
 public:
  // Names its agent already. REQUIRES: not OK.
  void Add(absl::Status failure) { failures_.push_back(std::move(failure)); }

  bool empty() const { return failures_.empty(); }

  // All messages in one. Of the codes the one on which a caller can act soonest: no room now,
  // before what can never be, before what is not known. REQUIRES: not empty.
  absl::Status Verdict() const;

  // For a call that succeeds without them: a warning for each agent that is at fault. Silent ones
  // are in the log already.
  void Log(absl::string_view backend) const;

 private:
  std::vector<absl::Status> failures_;
};

}  // namespace nvmeof::backend
