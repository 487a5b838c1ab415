// Paths over TCP, as tests name them.
#pragma once

#include <string>

#include "volume/path.h"

namespace nvmeof::testing {

inline volume::Path PathTo(const std::string& address, const std::string& host_address = "",
                           const std::string& host_interface = "") {
  return {{"tcp", address, "4420"}, {host_address, host_interface}};
}

}  // namespace nvmeof::testing
