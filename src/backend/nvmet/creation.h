// Creation: one Create of NvmetBackend: which agent makes the volume, and what became of it.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/nvmet/failures.h"
#include "base/clock.h"

namespace nvmeof::backend {

class AgentClient;

// Borrows everything, for the time of the call. One thread at a time.
class Creation {
 public:
  Creation(const CreateRequest& request, const base::Clock& clock, absl::Time deadline)
      : request_(request), clock_(clock), deadline_(deadline) {}

  // Looks for the name at all agents, then goes to one that is accessible as wanted, the preferred
  // most and then the one with the most room first, and to the next one as long as they refuse. It
  // never goes on when it cannot know what an agent has done.
  absl::StatusOr<Volume> Run(const std::vector<AgentClient*>& agents);

  // The agents that were passed over.
  const Failures& failures() const { return failures_; }

 private:
  struct Candidate {
    AgentClient* agent;
    Capacity capacity;
  };

  absl::StatusOr<std::vector<AgentClient*>> WithoutTheName(const std::vector<AgentClient*>& agents);
  std::vector<Candidate> InOrder(const std::vector<AgentClient*>& agents);
  absl::StatusOr<Volume> CreateAt(AgentClient& agent) const;
  // After the answer to CreateVolume was lost.
  absl::StatusOr<Volume> LookAgain(AgentClient& agent, const absl::Status& lost) const;

  const CreateRequest& request_;
  const base::Clock& clock_;
  const absl::Time deadline_;
  Failures failures_;
};

}  // namespace nvmeof::backend
