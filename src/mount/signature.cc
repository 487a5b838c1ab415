#include "mount/signature.h"

#include <blkid/blkid.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"

namespace nvmeof::mount {
namespace {

constexpr int kNothing = 1;  // results of blkid_do_safeprobe
constexpr int kAmbivalent = -2;

struct FreeProbe {
  void operator()(blkid_probe probe) const { blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe>;

std::string Value(const Probe& probe, const char* name) {
  const char* value = nullptr;
  return blkid_probe_lookup_value(probe.get(), name, &value, nullptr) == 0 ? value : "";
}

absl::Status Failed(const OpenedDevice& device) {
  const std::string what = absl::StrCat("look for signatures on ", device.name());
  return errno != 0 ? base::ErrnoStatus(errno, what)
                    : absl::InternalError(absl::StrCat(what, ": libblkid failed"));
}

// A superblock with a wrong checksum is still one: the disk is not blank.
bool Prepare(const Probe& probe, const OpenedDevice& device) {
  return probe != nullptr && blkid_probe_set_device(probe.get(), device.fd(), 0, 0) == 0 &&
         blkid_probe_enable_superblocks(probe.get(), 1) == 0 &&
         blkid_probe_set_superblocks_flags(
             probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_BADCSUM) == 0 &&
         blkid_probe_enable_partitions(probe.get(), 1) == 0;
}

ProbeResult Named(const Probe& probe) {
  const std::string type = Value(probe, "TYPE");
  const std::string table = Value(probe, "PTTYPE");
  if (table.empty() && Value(probe, "USAGE") == "filesystem") return {Content::kFileSystem, type};
  if (table.empty()) return {Content::kForeign, type};
  return {Content::kForeign,
          absl::StrCat("a partition table (", table, ")", type.empty() ? "" : " and ", type)};
}

}  // namespace

absl::StatusOr<std::optional<ProbeResult>> ReadSignature(const OpenedDevice& device) {
  // libblkid reads through the page cache: what another opener left there must not answer for the
  // disk. Only a hint to the kernel; the blank proof reads past the cache in any case.
  ::posix_fadvise(device.fd(), 0, 0, POSIX_FADV_DONTNEED);
  errno = 0;
  const Probe probe(blkid_new_probe());
  if (!Prepare(probe, device)) return Failed(device);
  switch (blkid_do_safeprobe(probe.get())) {
    case 0:
      return Named(probe);
    case kNothing:
      return std::nullopt;
    case kAmbivalent:
      return ProbeResult{Content::kForeign, "several signatures"};
    default:
      return Failed(device);
  }
}

}  // namespace nvmeof::mount
