// ApplyMountGroup: makes a mounted file system usable by one group (the capability
// VOLUME_MOUNT_GROUP): everything belongs to it and is readable and writable for it, and what is
// made in a folder later inherits the group.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "base/call.h"

namespace nvmeof::mount {

// `group` is a decimal group id. OK without a walk when the root folder of the tree is right
// already: the root is changed last, so a walk that was cut short is done again. Links are not
// followed, device nodes are left alone, and no other file system is entered.
//
// InvalidArgument: not a group id. DeadlineExceeded: the call's time ended; what is done stays
// done. ResourceExhausted: folders nest deeper than there are file descriptors. Else ErrnoStatus.
// Blocks on the disk.
[[nodiscard]] absl::Status ApplyMountGroup(const std::string& path, const std::string& group,
                                           const base::Call& call);

}  // namespace nvmeof::mount
