// The node's operations over the scene of tests/node: kernel, mounts, disks, records and marks all
// count as effects.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "tests/crash/crash_table.h"
#include "tests/node/node_scene.h"

namespace nvmeof::testing {
namespace {

using NodeStep = std::function<absl::Status(NodeScene&)>;
constexpr std::int64_t kLarger = std::int64_t{2} << 30;

// Numbers and names of disks change with each connect; what they lead to does not.
std::string Lead(NodeScene& scene, base::DeviceNumber number) {
  const auto subsystem = scene.kernel.Peek(scene.target.subsystem);
  if (subsystem.has_value()) {
    for (const nvme::Namespace& ns : subsystem->namespaces) {
      if (ns.number == number) return "the disk";
    }
  }
  return number == kDevtmpfs ? "devtmpfs" : absl::StrCat("dead ", base::Describe(number));
}

std::string Connections(NodeScene& scene) {
  std::vector<std::string> lines;
  const std::vector<nvme::Subsystem> subsystems = *scene.kernel.All();
  for (const nvme::Subsystem& subsystem : subsystems) {
    lines.push_back(absl::StrCat(subsystem.nqn, " ", subsystem.io_policy));
    for (const nvme::Controller& controller : subsystem.controllers) {
      lines.push_back(absl::StrCat(subsystem.nqn, " over ", volume::Describe(controller.path)));
    }
    for (const nvme::Namespace& ns : subsystem.namespaces) {
      lines.push_back(absl::StrCat("disk of ", ns.size_bytes, ", file system of ",
                                   scene.file_systems.FileSystemSize(ns.number),
                                   scene.file_systems.IsReadOnly(ns.number) ? ", read-only" : ""));
    }
  }
  for (const volume::Nqn& nqn : scene.process->marks.Subsystems()) {
    const std::vector<volume::Path> ours = *scene.process->marks.Of(nqn);
    for (const volume::Path& path : ours) {
      lines.push_back(absl::StrCat("mark ", volume::Describe(path)));
    }
    lines.push_back(absl::StrCat("marks of ", nqn.text()));
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) absl::StrAppend(&all, line, "\n");
  return all;
}

std::string Mounts(NodeScene& scene) {
  std::string all;
  for (const char* path : {NodeScene::kStaging, NodeScene::kTarget}) {
    if (*scene.mounter.Kind(path) != mount::PathKind::kAbsent) absl::StrAppend(&all, path, "\n");
    for (const mount::MountPoint& layer : scene.MountedAt(path)) {
      absl::StrAppend(&all, path, " on ", Lead(scene, layer.device),
                      layer.read_only ? " read-only\n" : "\n");
    }
    if (const auto node = *scene.mounter.BlockDevice(path); node.has_value()) {
      absl::StrAppend(&all, path, " leads to ", Lead(scene, *node), "\n");
    }
  }
  return all;
}

std::string Promises(NodeScene& scene) {
  std::string all;
  for (const node::StageRecord& record : scene.process->records.List()) {
    absl::StrAppend(&all, record.volume_id, " ", Name(record.state), " at ", record.staging_path);
    for (const node::Publication& publication : record.publications) {
      absl::StrAppend(&all, ", published at ", publication.target_path,
                      publication.read_only ? " read-only" : "");
    }
    absl::StrAppend(&all, "\n");
  }
  return all;
}

class NodeCrashScene final : public CrashScene {
 public:
  NodeCrashScene(const std::vector<NodeStep>& before, NodeStep call, NodeStep opposite)
      : call_(std::move(call)), opposite_(std::move(opposite)) {
    scene_.mounter.AddDirectory(NodeScene::kStaging);  // the orchestrator makes it
    for (const NodeStep& step : before) {
      if (!step(scene_).ok()) std::abort();
    }
  }

  Effects& effects() override { return scene_.effects; }
  absl::Status Call() override { return call_(scene_); }
  absl::Status CallOpposite() override { return opposite_(scene_); }
  void Restart() override { scene_.Restart(); }

  // At rest the reconciler has had its time: further paths are there, and what nobody wants is not.
  std::string State() override {
    scene_.Settle();
    return absl::StrCat(Connections(scene_), Mounts(scene_), Promises(scene_));
  }

 private:
  NodeScene scene_;
  const NodeStep call_;
  const NodeStep opposite_;
};

NodeStep Stage(const volume::VolumeCapability& capability) {
  return [capability](NodeScene& scene) { return scene.Stage(capability); };
}
NodeStep Publish(const volume::VolumeCapability& capability) {
  return [capability](NodeScene& scene) { return scene.Publish(capability); };
}
absl::Status Unpublish(NodeScene& scene) { return scene.Unpublish(); }
absl::Status Unstage(NodeScene& scene) { return scene.Unstage(); }
absl::Status UnpublishAndUnstage(NodeScene& scene) {
  RETURN_IF_ERROR(scene.Unpublish());
  return scene.Unstage();
}
absl::Status GrowTheDisk(NodeScene& scene) {
  scene.kernel.Grow(scene.target.subsystem, std::uint64_t{kLarger});
  return absl::OkStatus();
}
absl::Status ExpandStaged(NodeScene& scene) { return scene.Expand(kLarger).status(); }
absl::Status LoseAllPaths(NodeScene& scene) {
  scene.LoseAllPaths();
  return absl::OkStatus();
}
absl::Status Tick(NodeScene& scene) {
  scene.process->reconciler.Tick();
  return absl::OkStatus();
}

}  // namespace

std::vector<Row> NodeRows() {
  struct NodeCase {
    const char* operation;
    const char* opposite_name;
    std::vector<NodeStep> before;
    NodeStep call;
    NodeStep opposite;
  };
  const volume::VolumeCapability ext4 = NodeScene::FileSystem("ext4");
  const volume::VolumeCapability xfs = NodeScene::FileSystem("xfs");
  const volume::VolumeCapability block = NodeScene::Block();
  const NodeCase cases[] = {
      {"stage a blank disk", "unstage", {}, Stage(ext4), Unstage},
      {"stage an existing file system", "unstage", {Stage(ext4), Unstage}, Stage(ext4), Unstage},
      {"stage a raw block volume", "unstage", {}, Stage(block), Unstage},
      {"publish a file system", "unpublish", {Stage(ext4)}, Publish(ext4), Unpublish},
      {"publish a raw block volume", "unpublish", {Stage(block)}, Publish(block), Unpublish},
      {"expand a file system", "unstage", {Stage(ext4), GrowTheDisk}, ExpandStaged, Unstage},
      {"unpublish a file system",
       "publish",
       {Stage(ext4), Publish(ext4)},
       Unpublish,
       Publish(ext4)},
      {"unpublish a raw block volume",
       "publish",
       {Stage(block), Publish(block)},
       Unpublish,
       Publish(block)},
      {"unstage a file system", "stage", {Stage(ext4)}, Unstage, Stage(ext4)},
      {"unstage a raw block volume", "stage", {Stage(block)}, Unstage, Stage(block)},
      {"repair a file system that lost all paths",
       "unpublish and unstage",
       {Stage(xfs), Publish(xfs), LoseAllPaths},
       Tick,
       UnpublishAndUnstage},
      {"repair a raw block volume that lost all paths",
       "unpublish and unstage",
       {Stage(block), Publish(block), LoseAllPaths},
       Tick,
       UnpublishAndUnstage},
  };
  std::vector<Row> all;
  for (const NodeCase& one : cases) {
    for (Row& row : Walk({"node", one.operation, one.opposite_name, absl::StatusCode::kOk,
                          absl::StatusCode::kOk, [&] {
                            return std::make_unique<NodeCrashScene>(one.before, one.call,
                                                                    one.opposite);
                          }})) {
      all.push_back(std::move(row));
    }
  }
  return all;
}

}  // namespace nvmeof::testing
