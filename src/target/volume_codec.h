// The volume codec: VolumeRecord in the words of the agent's protocol, and as the JSON text of its
// file. Pure functions; nothing else in this folder but the gRPC service knows Protobuf.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "nvmeof/v1/target_agent.pb.h"
#include "target/volume_record.h"
#include "volume/parameters.h"
#include "volume/path.h"

namespace nvmeof::target {

[[nodiscard]] v1::Portal ToWire(const volume::Portal& portal);
[[nodiscard]] v1::Provisioning ToWire(volume::Provisioning provisioning);
[[nodiscard]] v1::Volume ToWire(const VolumeRecord& record,
                                const std::vector<volume::Portal>& portals);

// InvalidArgument for a number that this version does not know. Unspecified is kBackendDefault.
[[nodiscard]] absl::StatusOr<volume::Provisioning> FromWire(v1::Provisioning provisioning);
// InvalidArgument for a host NQN that cannot be one and for a mode that is missing.
[[nodiscard]] absl::StatusOr<Export> FromWire(const v1::Export& wanted);

// A host NQN as the agent can use it: also fit to be a name in configfs. InvalidArgument otherwise.
[[nodiscard]] absl::StatusOr<volume::Nqn> ParseHost(absl::string_view text);

// The file's text; names in alphabetical order of maps, so equal records have equal text.
[[nodiscard]] std::string EncodeRecord(const VolumeRecord& record);
// InvalidArgument: not a record, or one that contradicts itself. FailedPrecondition: the record of
// a newer agent, which must not be touched.
[[nodiscard]] absl::StatusOr<VolumeRecord> DecodeRecord(absl::string_view text);

}  // namespace nvmeof::target
