// AgentMessages: the agent's protocol in the words of backend.h. An agent is another program, on
// another machine, of another version: what it says is checked here, once. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "backend/backend.h"
#include "nvmeof/v1/target_agent.pb.h"

namespace nvmeof::backend {

// Where an agent's volumes live: the first two parts of their ids.
struct Whereabouts {
  std::string backend;
  std::string place;

  friend bool operator==(const Whereabouts&, const Whereabouts&) = default;
};

// Internal, naming the volume and the field, for what no volume can be.
[[nodiscard]] absl::StatusOr<Volume> DecodeVolume(const v1::Volume& message,
                                                  const Whereabouts& where);

// Internal for negative numbers.
[[nodiscard]] absl::StatusOr<Capacity> DecodeCapacity(const v1::GetAgentResponse& message);

[[nodiscard]] v1::GetVolumeRequest ByHandle(const std::string& handle);
[[nodiscard]] v1::GetVolumeRequest ByName(const std::string& name);
[[nodiscard]] v1::CreateVolumeRequest EncodeCreate(const CreateRequest& request);
[[nodiscard]] v1::ExportVolumeRequest EncodeExport(const std::string& handle, const Export& wanted);

}  // namespace nvmeof::backend
