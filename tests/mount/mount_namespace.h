// MountNamespace: a place where a test may mount without privilege and without a trace: a mount
// namespace of its own, inside a user namespace where we are not root, and a tmpfs in it.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace nvmeof::testing {

// Enters for the rest of the process, once. Empty, or the reason why the machine does not let us.
inline const std::string& EnterMountNamespace() {
  static const std::string kRefusal = [] {
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    const int flags = user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(flags) != 0) return absl::StrCat("unshare: ", std::strerror(errno));
    if (user != 0) {
      std::ofstream("/proc/self/setgroups") << "deny";
      std::ofstream("/proc/self/uid_map") << user << " " << user << " 1";
      std::ofstream("/proc/self/gid_map") << group << " " << group << " 1";
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return absl::StrCat("make the mounts private: ", std::strerror(errno));
    }
    return std::string();
  }();
  return kRefusal;
}

}  // namespace nvmeof::testing
