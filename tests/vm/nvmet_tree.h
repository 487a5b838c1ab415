// Writing to the kernel target's configuration tree, as an administrator would by hand.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/status.h"

namespace nvmeof::testing {

inline constexpr char kNvmetRoot[] = "/sys/kernel/config/nvmet";

// The kernel's errno as Status, with the attribute's path.
absl::Status SetNvmetAttribute(const std::filesystem::path& attribute, const std::string& value);

// There already is OK.
absl::Status MakeNvmetFolder(const std::filesystem::path& path);

// In the storage node's network namespace: a port listens where the process lives that makes its
// first link.
absl::Status LinkToPort(const std::string& nqn, const std::filesystem::path& port);

}  // namespace nvmeof::testing
