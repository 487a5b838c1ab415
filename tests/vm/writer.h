// Writer: writes numbered blocks to a file or a disk in the background, and knows afterwards what
// must be there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace nvmeof::testing {

// Start, WaitFor, Stop and Verify from one thread.
class Writer {
 public:
  // Every write is direct and durable when it is counted. The region at the beginning of `path` is
  // written again and again; each round has other bytes.
  Writer(std::string path, std::uint64_t region_bytes);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  // Goes on where a Stop left off.
  void Start();

  // True when `blocks` more were written from now on; false after `limit` or an error.
  bool WaitFor(std::uint64_t blocks, absl::Duration limit);

  // Ends after the write under way; the error that ended it earlier, if any.
  absl::Status Stop();

  std::uint64_t written() const;       // blocks
  absl::Duration longest_gap() const;  // between two completed writes since Start
  void ResetGap();

  // Reads everything back from `path` (the volume may be mounted elsewhere by now), past the page
  // cache. DataLoss names the first block that differs; the block of a write that failed may be of
  // either round. The checksum is of what was read.
  absl::StatusOr<std::uint64_t> Verify(const std::string& path) const;

 private:
  void Loop(int fd);

  const std::string path_;
  std::vector<std::uint64_t> rounds_;  // by block: the round written last, 0 = never
  std::optional<std::size_t> doubt_;   // the block whose write failed last

  std::thread thread_;
  mutable absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t written_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time last_ ABSL_GUARDED_BY(mutex_);
  absl::Duration longest_gap_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
