#include "mount/xfs.h"

#include <sys/ioctl.h>
#include <xfs/xfs.h>

#include <cerrno>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "mount/uncached_reader.h"

namespace nvmeof::mount {
namespace {

absl::StatusOr<xfs_fsop_geom> Geometry(int mount) {
  xfs_fsop_geom geometry{};
  if (::ioctl(mount, XFS_IOC_FSGEOMETRY, &geometry) == 0) return geometry;
  return base::ErrnoStatus(errno, "read the geometry of XFS");
}

}  // namespace

// mkfs.xfs makes none below since 5.19.
std::uint64_t Xfs::least_bytes() const { return std::uint64_t{300} << 20; }

// The features are those that Linux 5.10 mounts, whatever a later mkfs.xfs makes by itself
// (nrext64 needs 5.19); rmapbt costs writes and serves only an online repair. -K: a fresh volume
// has nothing to discard, and a thin target can hang over a discard of all.
std::vector<std::string> Xfs::FormatCommand(const std::string& path) const {
  return {"mkfs.xfs",
          "-q",
          "-K",
          "-m",
          "crc=1,finobt=1,rmapbt=0,reflink=1,bigtime=1,inobtcount=1",
          "-i",
          "sparse=1,nrext64=0",
          path};
}

absl::Status Xfs::Check(const OpenedDevice& /*device*/, base::CommandRunner& /*runner*/,
                        absl::Time /*deadline*/) const {
  return absl::OkStatus();
}

// sb_inprogress: mkfs.xfs clears it as its last act, and the kernel mounts nothing that has it.
absl::StatusOr<bool> Xfs::IsUnfinished(const OpenedDevice& device) const {
  constexpr std::size_t kInProgress = 126;
  ASSIGN_OR_RETURN(UncachedReader reader, UncachedReader::Open(device));
  ASSIGN_OR_RETURN(const absl::string_view superblock, reader.Read(0, 512));
  return superblock[kInProgress] != 0;
}

absl::StatusOr<Extent> Xfs::Measure(const OpenedDevice& device, int mount) const {
  ASSIGN_OR_RETURN(const xfs_fsop_geom geometry, Geometry(mount));
  return Extent{geometry.datablocks,
                PossibleXfsBlocks(geometry.blocksize, geometry.agblocks, device.size())};
}

absl::Status Xfs::Grow(int mount, std::uint64_t blocks) const {
  ASSIGN_OR_RETURN(const xfs_fsop_geom geometry, Geometry(mount));
  xfs_growfs_data wanted{};
  wanted.newblocks = blocks;
  wanted.imaxpct = geometry.imaxpct;
  if (::ioctl(mount, XFS_IOC_FSGROWFSDATA, &wanted) == 0) return absl::OkStatus();
  const int error = errno;
  const absl::Status status = base::ErrnoStatus(error, "grow XFS");
  if (error == EROFS || error == EINVAL) return absl::FailedPreconditionError(status.message());
  return status;  // EWOULDBLOCK, Unavailable: it grows just now
}

std::uint64_t PossibleXfsBlocks(std::uint32_t block_size, std::uint32_t group_blocks,
                                std::uint64_t disk_size) {
  constexpr std::uint64_t kLeastGroup = 64;
  const std::uint64_t blocks = disk_size / block_size;
  const std::uint64_t rest = blocks % group_blocks;
  return rest < kLeastGroup ? blocks - rest : blocks;
}

}  // namespace nvmeof::mount
