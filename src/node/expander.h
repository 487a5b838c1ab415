// Expander: after the backend grew a volume, makes the kernel and the file system on it follow.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "base/call.h"
#include "mount/filesystem.h"
#include "mount/mounter.h"
#include "node/attacher.h"
#include "node/stage_records.h"

namespace nvmeof::node {

struct ExpandRequest {
  std::string volume_id;
  std::string path;                 // a staging or target path of the volume
  std::int64_t required_bytes = 0;  // 0 = as large as the disk is
};

// Safe to use from several threads on different volumes; the caller holds the volume's claim.
// Blocks on the device. Borrows everything.
class Expander {
 public:
  Expander(const StageRecords& records, Attacher& attacher, mount::FileSystems& file_systems)
      : records_(records), attacher_(attacher), file_systems_(file_systems) {}

  // The size of the disk now, at least required_bytes, with the file system grown to it. NotFound:
  // not staged here or not at that path; DeadlineExceeded: the kernel still shows a smaller disk;
  // FailedPrecondition: the file system cannot grow while it is mounted.
  [[nodiscard]] absl::StatusOr<std::int64_t> Expand(const ExpandRequest& request, base::Call& call);

 private:
  const StageRecords& records_;
  Attacher& attacher_;
  mount::FileSystems& file_systems_;
};

}  // namespace nvmeof::node
