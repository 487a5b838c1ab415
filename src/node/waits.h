// What goes on when a caller leaves before its call ends (base::Call::WaitsFor), in words for
// people.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "volume/parameters.h"

namespace nvmeof::node {

// For a step that does I/O on the volume's disk: "the unmount of /staging waits for ...".
[[nodiscard]] std::string WaitForDisk(absl::string_view step,
                                      const volume::StringMap& volume_context);

}  // namespace nvmeof::node
