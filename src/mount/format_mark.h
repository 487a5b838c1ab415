// Format mark: "this disk was proven blank, a format was begun, and it has not ended". It is
// written before mkfs and erased after it, so that a format that was cut short (a crash, a lost
// path, a deadline) is begun again and not taken for somebody's data.
//
// It lies 33 blocks of 4 KiB before the end of the disk: there neither mkfs.ext4 nor mkfs.xfs
// writes (both wipe up to 128 KiB at the very end, ext4 wants 50 free blocks in its last group, and
// XFS a last group of 64), so it outlives them until it is erased.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "mount/opened_device.h"

namespace nvmeof::mount {

[[nodiscard]] absl::StatusOr<bool> HasFormatMark(const OpenedDevice& device);

// Both return when the disk has it. FailedPrecondition when somebody uses the disk.
[[nodiscard]] absl::Status WriteFormatMark(const OpenedDevice& device);
[[nodiscard]] absl::Status EraseFormatMark(const OpenedDevice& device);

// Wipes the first block, where XFS begins before it is complete: mkfs refuses to go over that.
[[nodiscard]] absl::Status WipeFirstBlock(const OpenedDevice& device);

}  // namespace nvmeof::mount
