// NvmetBackend: storage nodes that export through the Linux kernel target, each with its agent
// (`nvmeof-csi target`).
//
// A volume lives at one agent for ever, and its id says at which, so there is no table and nothing
// to keep in step. A new volume goes to the agent with the most room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/backends_config.h"
#include "base/claims.h"
#include "base/clock.h"

namespace nvmeof::backend {

class AgentClient;

// Borrows the clock. Safe to use from several threads. What several agents are asked, they are
// asked at once, and the silent ones cost a part of the deadline only: Create, List and GetCapacity
// do without them. The log tells when an agent falls silent.
//
// A Create whose answer is lost and cannot be read again is Unavailable and goes to no other agent.
// If its agent made the volume all the same, and is down when the same name is asked for again,
// then another agent makes it a second time. Both stay in List; FindByName prefers the lower id.
class NvmetBackend final : public Backend {
 public:
  NvmetBackend(const std::string& name, const NvmetConfig& config, const base::Clock& clock);
  ~NvmetBackend() override;

  Abilities abilities() const override;
  NvmetBackend(const NvmetBackend&) = delete;
  NvmetBackend& operator=(const NvmetBackend&) = delete;

  absl::StatusOr<Volume> Create(const CreateRequest& request, absl::Time deadline) override;
  absl::StatusOr<Volume> FindByName(const std::string& name, absl::Time deadline) override;
  absl::StatusOr<Volume> Get(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<VolumeList> List(absl::Time deadline) override;
  absl::Status Delete(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<std::int64_t> Expand(const volume::VolumeId& id, const volume::SizeRange& size,
                                      absl::Time deadline) override;
  absl::StatusOr<Volume> ExportTo(const volume::VolumeId& id, const Export& wanted,
                                  absl::Time deadline) override;
  absl::Status Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                        absl::Time deadline) override;
  // An agent has one room for thin and thick volumes.
  absl::StatusOr<Capacity> GetCapacity(const CapacityRequest& request,
                                       absl::Time deadline) override;

 private:
  std::vector<AgentClient*> AllAgents() const;

  // NotFound for an agent that is not configured.
  absl::StatusOr<AgentClient*> AgentOf(const volume::VolumeId& id) const;
  // The same for calls after which nobody looks again: Unavailable, for the agent may still run and
  // serve the volume.
  absl::StatusOr<AgentClient*> AgentToEmpty(const volume::VolumeId& id) const;

  const std::string name_;
  const base::Clock& clock_;
  std::vector<std::unique_ptr<AgentClient>> agents_;  // constant after construction
  base::Claims creates_;                              // names whose Create is running
};

}  // namespace nvmeof::backend
