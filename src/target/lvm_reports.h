// What LVM's programs say, as values and as causes. Pure.
//
// Their exit code tells nothing but "failed", and both their streams arrive as one text: complaints
// and warnings stand between, and even within, the lines of a report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "base/command.h"

namespace nvmeof::target {

struct ThinPoolReport {
  std::int64_t bytes = 0;
  std::int64_t used_bytes = 0;
  double metadata_percent = 0;   // used
  std::string health;            // in LVM's words; empty: well
  bool zeroes = false;           // a volume reads zeros where nothing was written
  bool fails_when_full = false;  // else writes hang
  std::int64_t extent_bytes = 0;
};

struct ThinVolumeReport {
  std::string name;
  std::int64_t bytes = 0;
  std::int64_t used_bytes = 0;
  std::string pool;
  std::vector<std::string> tags;
  bool active = false;
};

// The columns that the two readers below want, for lvs -o.
extern const char kThinPoolColumns[];
extern const char kThinVolumeColumns[];

// NotFound: the report is empty. FailedPrecondition: it is no thin pool, or it is not active.
// Internal: not such a report.
[[nodiscard]] absl::StatusOr<ThinPoolReport> ReadThinPool(absl::string_view output);

// All in the report. Internal: not such a report.
[[nodiscard]] absl::StatusOr<std::vector<ThinVolumeReport>> ReadThinVolumes(
    absl::string_view output);

// OK for exit code 0. Otherwise the cause, with LVM's words: NotFound, AlreadyExists,
// ResourceExhausted, Aborted (a lock is taken, the volume is open), Unavailable (the volume group
// is not there), and Internal for what is not known.
[[nodiscard]] absl::Status LvmFailure(const base::CommandResult& result);

}  // namespace nvmeof::target
