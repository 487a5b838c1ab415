// Usage: how full a published volume is. It looks at the topology first and never touches a file
// system whose disk has no live path: that would hang.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "mount/mounter.h"
#include "node/attacher.h"
#include "node/stage_records.h"

namespace nvmeof::node {

struct VolumeUsage {
  bool block = false;
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;  // file systems only, like all below
  std::int64_t used_bytes = 0;
  std::int64_t total_inodes = 0;
  std::int64_t available_inodes = 0;
  std::int64_t used_inodes = 0;
};

// Safe to use from several threads, also beside other calls on the volume: it only reads. Borrows
// everything.
class Usage {
 public:
  Usage(const StageRecords& records, const Attacher& attacher, const mount::Mounter& mounter)
      : records_(records), attacher_(attacher), mounter_(mounter) {}

  // `path` is a staging or target path of the volume. NotFound when the volume is not staged here
  // or is not at that path; Unavailable when no path to the disk is live.
  [[nodiscard]] absl::StatusOr<VolumeUsage> Read(const std::string& volume_id,
                                                 const std::string& path) const;

 private:
  const StageRecords& records_;
  const Attacher& attacher_;
  const mount::Mounter& mounter_;
};

// True when the volume was staged or published at the path. Pure.
[[nodiscard]] bool IsAt(const StageRecord& record, const std::string& path);

}  // namespace nvmeof::node
