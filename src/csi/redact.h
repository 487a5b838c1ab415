// Redact: a request as one line of text that may be logged.
#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace nvmeof::csi {

// Every field that the protocol marks csi_secret, at any depth, is replaced by a placeholder: of a
// secret map not even the keys are told. Pure.
[[nodiscard]] std::string Redact(const google::protobuf::Message& message);

}  // namespace nvmeof::csi
