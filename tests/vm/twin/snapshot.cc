#include "tests/vm/twin/snapshot.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "nvme/topology.h"

namespace nvmeof::testing {
namespace {

// Of one volume at one moment.
class Looker {
 public:
  Looker(Machine& machine, const node::NodeHalf& half, const SimVolume& volume)
      : machine_(machine), half_(half), volume_(volume) {
    auto found = machine_.host().topology.Find(*volume.nqn);
    if (!found.ok() || !found->has_value()) return;
    subsystem_ = **std::move(found);
    const volume::NamespaceIdentity wanted{*volume::Uuid::Parse(volume.uuid), std::nullopt,
                                           volume.nsid};
    match_ = nvme::FindNamespace(*subsystem_, wanted);
  }

  std::string Paths() const {
    if (!subsystem_.has_value()) return "no subsystem";
    std::vector<std::string> paths;
    for (const nvme::Controller& controller : subsystem_->controllers) {
      paths.push_back(
          absl::StrCat(volume::Describe(controller.path), " ", nvme::Name(controller.state)));
    }
    std::sort(paths.begin(), paths.end());
    return absl::StrCat(absl::StrJoin(paths, ", "), "; I/O policy ", subsystem_->io_policy);
  }

  std::string Disk() const {
    if (match_.identity == nvme::Identity::kAbsent) return "none";
    if (match_.identity == nvme::Identity::kWrong) return "another one in its place";
    const auto node = machine_.mounter().BlockDevice(match_.found->device_path);
    return absl::StrCat(match_.found->size_bytes >> 20, " MiB",
                        node.ok() && *node == match_.found->number ? "" : ", without its node");
  }

  std::string At(const std::string& path) const {
    const auto table = machine_.mounter().Table();
    if (!table.ok()) return table.status().ToString();
    const std::vector<mount::MountPoint> layers = table->At(path);
    if (layers.empty()) return KindOf(path);
    const mount::MountPoint& top = layers.back();
    std::string text = absl::StrCat(top.fs_type, top.read_only ? " read-only" : "", " of ");
    std::optional<base::DeviceNumber> number = top.device;
    if (volume_.capability.block) {
      number = machine_.mounter().BlockDevice(path).value_or(std::nullopt);
    }
    absl::StrAppend(&text, number.has_value() ? DiskWithNumber(*number) : "nothing",
                    top.root_deleted ? ", whose node is gone" : "");
    if (layers.size() > 1) absl::StrAppend(&text, ", over ", layers.size() - 1, " more");
    return text;
  }

  // Of the file system at the staging path, when it can be read.
  std::string Growth() const {
    if (volume_.capability.block || match_.identity != nvme::Identity::kMatch) return "not known";
    const auto table = machine_.mounter().Table();
    if (!nvme::IsServed(*subsystem_, match_.found->nsid) || !table.ok()) return "not known";
    const auto layers = table->At(volume_.staging_path);
    if (layers.empty() || layers.back().device != match_.found->number) return "not known";
    const auto needed = machine_.file_systems().NeedsGrowth(
        node::DeviceOf(*match_.found), volume_.capability.fs_type, volume_.staging_path);
    if (!needed.ok()) return needed.status().ToString();
    return *needed ? "smaller than the disk" : "as large as the disk";
  }

  std::string Health() const {
    const auto health = half_.health.OfVolume(volume_.id);
    if (!health.ok()) return absl::StatusCodeToString(health.status().code());
    std::vector<std::string> words;
    for (const node::Ailment& ailment : *health) words.push_back(ailment.reason);
    return words.empty() ? "nothing is wrong" : absl::StrJoin(words, ", ");
  }

  std::string Record() const {
    const auto record = half_.records.Find(volume_.id);
    if (!record.has_value()) return "none";
    return absl::StrCat(node::Name(record->state), ", ", record->publications.size(),
                        " publications");
  }

  std::string Marks() const {
    const auto marks = half_.marks.Of(*volume_.nqn);
    if (!marks.has_value()) return "none";
    std::vector<std::string> paths;
    for (const volume::Path& path : *marks) paths.push_back(volume::Describe(path));
    std::sort(paths.begin(), paths.end());
    return absl::StrJoin(paths, ", ");
  }

 private:
  std::string KindOf(const std::string& path) const {
    const auto kind = machine_.mounter().Kind(path);
    if (!kind.ok()) return kind.status().ToString();
    switch (*kind) {
      case mount::PathKind::kAbsent:
        return "no path";
      case mount::PathKind::kDirectory:
        return "an empty folder";
      case mount::PathKind::kFile:
        return "a file";
      case mount::PathKind::kOther:
        return "something else";
    }
    return "unknown";
  }

  std::string DiskWithNumber(base::DeviceNumber number) const {
    if (match_.identity == nvme::Identity::kMatch && match_.found->number == number) {
      return "its disk";
    }
    const auto exists = machine_.host().topology.Exists(number);
    if (!exists.ok()) return exists.status().ToString();
    return *exists ? "another disk" : "a dead disk";
  }

  Machine& machine_;
  const node::NodeHalf& half_;
  const SimVolume& volume_;
  std::optional<nvme::Subsystem> subsystem_;
  nvme::NamespaceMatch match_;
};

}  // namespace

std::vector<std::string> Snapshot(Machine& machine, const node::NodeHalf& half,
                                  const SimVolume& volume) {
  const Looker look(machine, half, volume);
  std::vector<std::pair<const char*, std::string>> facts = {
      {"paths", look.Paths()},
      {"disk", look.Disk()},
      {"staging", look.At(volume.staging_path)},
      {"growth", look.Growth()},
      {"health", look.Health()},
      {"record", look.Record()},
      {"marks", look.Marks()}};
  for (const SimPublication& target : volume.targets) {
    facts.emplace_back("target", look.At(target.path));
  }
  std::vector<std::string> lines;
  for (const auto& [name, fact] : facts) {
    lines.push_back(absl::StrCat(volume.id, " ", name, ": ", fact));
  }
  return lines;
}

}  // namespace nvmeof::testing
