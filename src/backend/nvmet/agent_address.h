// AgentAddress: where an agent listens, as a person writes it and gRPC takes it. Pure.
#pragma once

#include "absl/strings/string_view.h"

namespace nvmeof::backend {

// What IsAgentAddress takes, for messages.
inline constexpr char kAgentAddressForm[] =
    "<IPv4 or host name>:<port>, [<IPv6>]:<port> or unix:///<path>";

[[nodiscard]] bool IsAgentAddress(absl::string_view text);

}  // namespace nvmeof::backend
