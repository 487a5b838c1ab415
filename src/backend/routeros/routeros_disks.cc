#include "backend/routeros/routeros_disks.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

constexpr char kDisks[] = "disk";
constexpr char kFiles[] = "file";

// As the default of our own target (--reserve). A full btrfs may not even remove files.
constexpr std::int64_t kReservePercent = 5;

// A router makes a disk within seconds.
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kHalfMadePatience = absl::Seconds(10);
constexpr absl::Duration kLook = absl::Milliseconds(250);

// RouterOS writes a file's path with a slash before it in one menu, and without in another.
std::string Plain(const std::string& path) {
  return std::string(absl::StripSuffix(absl::StripPrefix(path, "/"), "/"));
}

RouterosName NameOf(const RouterosDisk& disk) { return {kDisks, "slot", FormatSlot(disk.volume)}; }

// That an item was not shown once does not say that the volume has gone: the next call finds out.
absl::Status AskAgain(const absl::Status& asked) {
  return absl::IsNotFound(asked) ? absl::AbortedError(asked.message()) : asked;
}

std::string PathOf(const DiskFile& file, const RouterosDisks::Pool& pool) {
  return absl::StrCat(pool.folder, "/", FormatDiskFile(file));
}

}  // namespace

RouterosDisks::RouterosDisks(RouterosRest& rest, std::string pool, base::Clock& clock)
    : rest_(rest), pool_(std::move(pool)), clock_(clock) {}

absl::StatusOr<RouterosDisks::Pool> RouterosDisks::GetPool(absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<RouterosItem> found,
                   rest_.Print(kDisks, "slot", pool_, {}, deadline));
  return PoolAmong(found);
}

absl::StatusOr<RouterosDisks::Pool> RouterosDisks::PoolAmong(
    const std::vector<RouterosItem>& disks) const {
  const auto found = absl::c_find_if(
      disks, [&](const RouterosItem& disk) { return ValueOf(disk, "slot") == pool_; });
  if (found == disks.end()) {
    return absl::UnavailableError(absl::StrCat("the router does not show the disk ", pool_));
  }
  Pool pool{.folder = Plain(ValueOf(*found, "mount-point")), .free_bytes = 0};
  if (pool.folder.empty() || !IsTrue(*found, "mounted")) {
    return absl::UnavailableError(absl::StrCat("the router's disk ", pool_, " is not mounted"));
  }
  const std::string size = ValueOf(*found, "size");
  const std::string free = ValueOf(*found, "free");
  std::int64_t size_bytes = 0;
  if (!absl::SimpleAtoi(size, &size_bytes) || !absl::SimpleAtoi(free, &pool.free_bytes)) {
    return absl::UnavailableError(absl::StrCat("the router's disk ", pool_, " has the size '", size,
                                               "', and free on it is '", free, "'"));
  }
  pool.free_bytes = std::max<std::int64_t>(0, pool.free_bytes - size_bytes / 100 * kReservePercent);
  return pool;
}

absl::StatusOr<std::vector<RouterosDisk>> RouterosDisks::All(absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<RouterosItem> items,
                   rest_.Print(kDisks, "", "", {}, deadline));
  // In the same answer: a router that starts anew has yet to find its disks.
  RETURN_IF_ERROR(PoolAmong(items).status());
  std::vector<RouterosDisk> disks;
  for (const RouterosItem& item : items) {
    absl::StatusOr<std::optional<RouterosDisk>> disk = DecodeDisk(item);
    if (disk.ok() && disk->has_value()) disks.push_back(**std::move(disk));
  }
  return disks;
}

absl::StatusOr<std::optional<RouterosDisk>> RouterosDisks::Find(const volume::Uuid& volume,
                                                                absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<RouterosItem> items,
                   rest_.Print(kDisks, "slot", FormatSlot(volume), {}, deadline));
  if (!items.empty()) return DecodeDisk(items.front());
  ASSIGN_OR_RETURN(const std::vector<RouterosItem> all, rest_.Print(kDisks, "", "", {}, deadline));
  // As in All. It may have found them since it was asked for the one.
  RETURN_IF_ERROR(PoolAmong(all).status());
  for (const RouterosItem& item : all) {
    if (ValueOf(item, "slot") == FormatSlot(volume)) return DecodeDisk(item);
    // Under another slot it would still be exported, and its file be in use.
    const std::optional<DiskFile> file = ParseDiskFile(ValueOf(item, "file-path"));
    if (!file.has_value() || file->volume != volume) continue;
    return absl::FailedPreconditionError(absl::StrCat("somebody gave the disk ", FormatSlot(volume),
                                                      " the slot ", ValueOf(item, "slot"),
                                                      "; it must have its own again"));
  }
  return std::nullopt;
}

absl::StatusOr<RouterosDisk> RouterosDisks::Make(const NewDisk& wanted, const Pool& pool,
                                                 absl::Time deadline) {
  const RouterosItem item = {
      {"type", "file"},
      {"slot", FormatSlot(wanted.file.volume)},
      {"file-path", absl::StrCat("/", PathOf(wanted.file, pool))},
      {"file-size", absl::StrCat(wanted.size_bytes)},
      // Otherwise the router mounts what a node wrote.
      {"mount-filesystem", "no"},
      {"nvme-tcp-export", "no"},
      {"nvme-tcp-server-port", wanted.port},
      {"nvme-tcp-server-allow-host-name", kNobodyNqn},
      {"comment", wanted.comment},
  };
  const absl::Status asked = rest_.Add(kDisks, item, deadline);
  std::optional<RouterosDisk> made;
  const auto is_made = [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(made, Find(wanted.file.volume, deadline));
    return made.has_value() && made->size_bytes == wanted.size_bytes &&
           made->comment == wanted.comment && made->allowed == kNobodyNqn;
  };
  if (asked.ok()) {
    RETURN_IF_ERROR(Await(is_made, absl::StrCat("make the disk ", item.at("slot")), deadline));
    return *std::move(made);
  }
  const absl::StatusOr<bool> all_the_same = is_made();
  if (all_the_same.ok() && *all_the_same) return *std::move(made);
  return asked;
}

absl::StatusOr<RouterosDisk> RouterosDisks::Change(const RouterosDisk& disk,
                                                   const RouterosItem& values, const Check& done,
                                                   absl::Time deadline) {
  const absl::Status asked = rest_.Set(NameOf(disk), values, deadline);
  std::optional<RouterosDisk> now;
  const auto is_done = [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(now, Find(disk.volume, deadline));
    return now.has_value() && done(*now);
  };
  if (asked.ok()) {
    RETURN_IF_ERROR(
        Await(is_done, absl::StrCat("change the disk ", FormatSlot(disk.volume)), deadline));
    return *std::move(now);
  }
  const absl::StatusOr<bool> all_the_same = is_done();
  if (all_the_same.ok() && *all_the_same) return *std::move(now);
  return AskAgain(asked);
}

absl::StatusOr<std::optional<RouterosDisk>> RouterosDisks::AwaitWhole(const volume::Uuid& volume,
                                                                      absl::Time deadline) {
  const absl::Time end = std::min(deadline, clock_.Now() + kHalfMadePatience);
  std::optional<RouterosDisk> disk;
  const auto is_whole = [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(disk, Find(volume, deadline));
    return disk.has_value() && !IsHalfMade(*disk);
  };
  while (true) {
    ASSIGN_OR_RETURN(const bool whole, is_whole());
    if (whole) return disk;
    if (clock_.Now() >= end) return std::nullopt;
    clock_.SleepUntil(std::min(end, clock_.Now() + kLook));
  }
}

absl::Status RouterosDisks::TakeAway(const RouterosDisk& disk, const Pool& pool,
                                     absl::Time deadline) {
  const absl::Status asked = rest_.Remove(NameOf(disk), deadline);
  const auto is_gone = [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const std::optional<RouterosDisk> left, Find(disk.volume, deadline));
    return !left.has_value();
  };
  if (asked.ok()) {
    RETURN_IF_ERROR(
        Await(is_gone, absl::StrCat("remove the disk ", FormatSlot(disk.volume)), deadline));
  } else {
    const absl::StatusOr<bool> gone = is_gone();
    if (!gone.ok() || !*gone) return AskAgain(asked);
  }
  return RemoveFile({disk.name, disk.volume}, pool, deadline);
}

absl::StatusOr<std::vector<DiskFile>> RouterosDisks::Files(const Pool& pool, const FileCheck& fits,
                                                           absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<RouterosItem> items,
                   rest_.Print(kFiles, "", "", {"name"}, deadline));
  std::vector<DiskFile> files;
  for (const RouterosItem& item : items) {
    const std::string path = Plain(ValueOf(item, "name"));
    std::optional<DiskFile> file = ParseDiskFile(path);
    if (file.has_value() && path == PathOf(*file, pool) && fits(*file)) {
      files.push_back(*std::move(file));
    }
  }
  return files;
}

absl::Status RouterosDisks::RemoveFile(const DiskFile& file, const Pool& pool,
                                       absl::Time deadline) {
  const std::string path = PathOf(file, pool);
  const absl::Status asked = rest_.Remove({kFiles, "name", path}, deadline);
  if (absl::IsNotFound(asked)) return GetPool(deadline).status();
  const auto is_gone = [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const std::vector<RouterosItem> left,
                     rest_.Print(kFiles, "name", path, {"name"}, deadline));
    return left.empty();
  };
  if (asked.ok()) return Await(is_gone, absl::StrCat("remove the file ", path), deadline);
  const absl::StatusOr<bool> gone = is_gone();
  return gone.ok() && *gone ? absl::OkStatus() : asked;
}

absl::Status RouterosDisks::Await(const Ask& ask, absl::string_view what, absl::Time deadline) {
  const absl::Time end = std::min(deadline, clock_.Now() + kPatience);
  while (true) {
    ASSIGN_OR_RETURN(const bool is_so, ask());
    if (is_so) return absl::OkStatus();
    if (clock_.Now() >= end) {
      return absl::UnavailableError(
          absl::StrCat("the router took it on to ", what, ", and has not done so yet"));
    }
    clock_.SleepUntil(std::min(end, clock_.Now() + kLook));
  }
}

}  // namespace nvmeof::backend
