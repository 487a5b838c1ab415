#include "mount/format_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "mount/uncached_reader.h"

namespace nvmeof::mount {
namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::uint64_t kBlocksBeforeEnd = 33;
constexpr absl::string_view kText =
    "nvmeof-csi is formatting this disk, which was blank. 7f1d7a52-6f0e-4c3c-9a55-0d6a54b1f9c4\n";

using Block = std::array<char, kBlock>;

Block MarkBlock() {
  Block block{};
  kText.copy(block.data(), kText.size());
  return block;
}

std::uint64_t MarkOffset(const OpenedDevice& device) {
  return (device.size() / kBlock - kBlocksBeforeEnd) * kBlock;
}

bool HasRoom(const OpenedDevice& device) { return device.size() / kBlock > kBlocksBeforeEnd; }

absl::Status Write(const OpenedDevice& device, std::uint64_t offset, const Block& block) {
  ASSIGN_OR_RETURN(const base::UniqueFd fd, device.Reopen(O_RDWR | O_EXCL));
  const ssize_t written =
      ::pwrite(fd.get(), block.data(), block.size(), static_cast<off_t>(offset));
  if (written == static_cast<ssize_t>(block.size()) && ::fdatasync(fd.get()) == 0) {
    return absl::OkStatus();
  }
  return base::ErrnoStatus(errno, absl::StrCat("write to ", device.name(), " at ", offset));
}

}  // namespace

absl::StatusOr<bool> HasFormatMark(const OpenedDevice& device) {
  if (!HasRoom(device)) return false;
  ASSIGN_OR_RETURN(UncachedReader reader, UncachedReader::Open(device));
  ASSIGN_OR_RETURN(const absl::string_view found, reader.Read(MarkOffset(device), kBlock));
  const Block mark = MarkBlock();
  return found == absl::string_view(mark.data(), mark.size());
}

absl::Status WriteFormatMark(const OpenedDevice& device) {
  if (!HasRoom(device)) return absl::OutOfRangeError(absl::StrCat(device.name(), " is too small"));
  return Write(device, MarkOffset(device), MarkBlock());
}

absl::Status EraseFormatMark(const OpenedDevice& device) {
  return Write(device, MarkOffset(device), Block{});
}

absl::Status WipeFirstBlock(const OpenedDevice& device) { return Write(device, 0, Block{}); }

}  // namespace nvmeof::mount
