// NodeScene: the node half over fakes, with a small language. All fakes share one Effects, so that
// a test can let the process die at the n-th effect, whichever seam it crosses, and start a new
// one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "base/call.h"
#include "base/claims.h"
#include "base/workers.h"
#include "node/node_half.h"
#include "tests/fakes/effects.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_discovery.h"
#include "tests/fakes/fake_file_systems.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/fake_mounter.h"
#include "tests/fakes/memory_record_files.h"
#include "volume/publish_context.h"

namespace nvmeof::testing {

// What a look at the kernel shows has its device node in /dev, as devtmpfs does it.
class DevtmpfsTopology final : public nvme::Topology {
 public:
  DevtmpfsTopology(const FakeKernel& kernel, FakeMounter& mounter, FakeFileSystems& file_systems)
      : kernel_(kernel), mounter_(mounter), file_systems_(file_systems) {}

  absl::StatusOr<std::optional<nvme::Subsystem>> Find(const volume::Nqn& nqn) const override {
    auto found = kernel_.Find(nqn);
    if (found.ok() && found->has_value()) MakeNodes(**found);
    if (after_look_) after_look_();
    return found;
  }
  absl::StatusOr<std::vector<nvme::Subsystem>> All() const override { return kernel_.All(); }
  absl::StatusOr<bool> NativeMultipath() const override { return kernel_.NativeMultipath(); }
  absl::StatusOr<bool> Exists(base::DeviceNumber number) const override {
    return kernel_.Exists(number);
  }
  absl::StatusOr<std::uint64_t> SizeBytes(base::DeviceNumber number) const override {
    return kernel_.SizeBytes(number);
  }
  absl::StatusOr<bool> HasHolders(const nvme::Namespace& ns) const override {
    return kernel_.HasHolders(ns);
  }

  // Called at the end of each look at one subsystem. One thread only.
  void AfterLooks(std::function<void()> hook) { after_look_ = std::move(hook); }

 private:
  void MakeNodes(const nvme::Subsystem& subsystem) const {
    for (const nvme::Namespace& ns : subsystem.namespaces) {
      mounter_.AddDevice(ns.device_path, ns.number);
      if (ns.uuid.has_value()) file_systems_.SetMedium(ns.number, ns.uuid->Hex());
      file_systems_.SetSize(ns.number, static_cast<std::int64_t>(ns.size_bytes));
    }
  }

  const FakeKernel& kernel_;
  FakeMounter& mounter_;
  FakeFileSystems& file_systems_;
  std::function<void()> after_look_;
};

struct NodeScene {
  static constexpr char kVolume[] = "fast:agent-a:v1";
  static constexpr char kStaging[] = "/kubelet/staging/v1";
  static constexpr char kTarget[] = "/kubelet/pods/p1/v1";
  static constexpr char kSecondTarget[] = "/kubelet/pods/p2/v1";

  NodeScene() {
    mounter.AddDirectory("/kubelet/staging");
    mounter.AddDirectory("/kubelet/pods/p1");
    mounter.AddDirectory("/kubelet/pods/p2");
    kernel.Serve(target);
    kernel.SetGate([this](const std::string& effect) { return effects.Do(effect); });
    Restart();
  }

  static volume::Target TargetWith(std::uint64_t size_bytes) {
    return {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v1"),
            {volume::Uuid::Parse("4c0f1e8a-1111-4222-8333-444455556666").value(), std::nullopt, 1},
            {{"tcp", "192.0.2.1", "4420"}, {"tcp", "192.0.2.2", "4420"}},
            size_bytes};
  }

  // A new process over the same kernel, disks and files.
  void Restart() {
    effects.Revive();
    process.reset();
    process = *node::NodeHalf::Make({{identity, topology, kernel, kernel, kernel},
                                     discovery,
                                     mounter,
                                     file_systems,
                                     record_files,
                                     mark_files,
                                     clock,
                                     workers,
                                     claims,
                                     boot_id,
                                     [this](auto step) { return start_repair(std::move(step)); },
                                     1});
  }

  static volume::VolumeCapability FileSystem(std::string type = "ext4") {
    volume::VolumeCapability capability;
    capability.fs_type = std::move(type);
    return capability;
  }
  static volume::VolumeCapability Block() {
    volume::VolumeCapability capability;
    capability.block = true;
    return capability;
  }

  absl::Status Stage(const volume::VolumeCapability& capability, std::string path = kStaging) {
    base::Call call(clock, clock.Now() + absl::Minutes(2));
    return process->stager.Stage({kVolume, std::move(path), capability,
                                  volume::EncodePublishContext(target), volume_context, keys},
                                 call);
  }
  absl::Status Unstage(const std::string& path = kStaging) {
    base::Call call(clock, clock.Now() + absl::Minutes(2));
    return process->stager.Unstage(kVolume, path, call);
  }
  // The context is that of an orchestrator that has nothing new to tell, or what is given.
  absl::Status Publish(const volume::VolumeCapability& capability, bool read_only = false,
                       std::string path = kTarget, const volume::StringMap& context = {}) {
    base::Call call(clock, clock.Now() + absl::Minutes(2));
    return process->publisher.Publish(
        {kVolume, kStaging, std::move(path), capability, read_only, context}, call);
  }
  absl::Status Unpublish(const std::string& path = kTarget) {
    base::Call call(clock, clock.Now() + absl::Minutes(2));
    return process->publisher.Unpublish(kVolume, path, call);
  }
  absl::StatusOr<std::int64_t> Expand(std::int64_t bytes, std::string path = kStaging) {
    base::Call call(clock, clock.Now() + absl::Minutes(2));
    return process->expander.Expand({kVolume, std::move(path), bytes}, call);
  }

  // Looks often enough for what needs two looks, late enough for what waits after a failure.
  void Settle() {
    for (int i = 0; i < 3; ++i) {
      clock.Advance(absl::Minutes(1));
      process->reconciler.Tick();
    }
  }
  // The kernel gives every path up: the disk and its node go, what is mounted from it stays.
  void LoseAllPaths() {
    const std::string node = Disk().device_path;
    for (const volume::Portal& portal : target.portals) kernel.Drop(portal);
    mounter.RemoveDevice(node);
  }

  std::optional<node::StageRecord> Record() { return process->records.Find(kVolume); }
  nvme::Namespace Disk() { return kernel.Peek(target.subsystem)->namespaces.front(); }
  std::vector<mount::MountPoint> MountedAt(const std::string& path) {
    return mounter.Table()->At(path);
  }
  std::size_t Controllers() {
    const auto subsystem = kernel.Peek(target.subsystem);
    return subsystem.has_value() ? subsystem->controllers.size() : 0;
  }

  volume::Target target = TargetWith(std::uint64_t{1} << 30);
  std::string boot_id = "this-boot";
  volume::StringMap volume_context;
  std::optional<volume::AuthenticationKeys> keys;  // what Stage is given
  const nvme::HostIdentity identity{
      *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000001"),
      "0a1b2c3d-0000-4000-8000-000000000001"};
  // Runs what the reconciler begins: at once, unless a test says otherwise.
  node::Reconciler::Start start_repair = [](auto step) { return step(); };
  FakeClock clock;
  Effects effects;
  MemoryRecordFiles record_files{"record", effects};
  MemoryRecordFiles mark_files{"mark", effects};
  FakeKernel kernel{clock};
  FakeDiscovery discovery;
  FakeMounter mounter{effects};
  FakeFileSystems file_systems{mounter, effects};
  DevtmpfsTopology topology{kernel, mounter, file_systems};
  base::Workers workers{clock, 8};
  base::Claims claims;
  std::unique_ptr<node::NodeHalf> process;
};

}  // namespace nvmeof::testing
