// NodeWorld: the node half over fakes, as one fixture with a small language. All fakes share one
// Effects, so that a test can let the process die at the n-th effect, whichever seam it crosses,
// and start a new one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "base/call.h"
#include "base/claims.h"
#include "base/workers.h"
#include "node/node_half.h"
#include "tests/fakes/effects.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_file_systems.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/fake_mounter.h"
#include "tests/fakes/memory_record_files.h"
#include "tests/matchers/status_matchers.h"
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
      file_systems_.SetSize(ns.number, static_cast<std::int64_t>(ns.size_bytes));
    }
  }

  const FakeKernel& kernel_;
  FakeMounter& mounter_;
  FakeFileSystems& file_systems_;
  std::function<void()> after_look_;
};

class NodeWorld : public ::testing::Test {
 protected:
  static constexpr char kVolume[] = "fast:agent-a:v1";
  static constexpr char kStaging[] = "/kubelet/staging/v1";
  static constexpr char kTarget[] = "/kubelet/pods/p1/v1";

  NodeWorld() {
    mounter_.AddDirectory("/kubelet/staging");
    mounter_.AddDirectory("/kubelet/pods/p1");
    mounter_.AddDirectory("/kubelet/pods/p2");
    kernel_.Serve(target_);
    kernel_.SetGate([this](const std::string& effect) { return effects_.Do(effect); });
    Restart();
  }

  static volume::Target TargetWith(std::uint64_t size_bytes) {
    return {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v1"),
            {volume::Uuid::Parse("4c0f1e8a-1111-4222-8333-444455556666").value(), std::nullopt, 1},
            {{"tcp", "192.0.2.1", "4420"}, {"tcp", "192.0.2.2", "4420"}},
            size_bytes};
  }

  void Restart() {
    effects_.Revive();
    process_.reset();
    process_ = *node::NodeHalf::Make({{identity_, topology_, kernel_, kernel_, kernel_},
                                      mounter_,
                                      file_systems_,
                                      record_files_,
                                      mark_files_,
                                      clock_,
                                      workers_,
                                      claims_,
                                      "this-boot",
                                      [](auto step) { return step(); },
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
    base::Call call(clock_, clock_.Now() + absl::Minutes(2));
    return process_->stager.Stage({kVolume, std::move(path), capability,
                                   volume::EncodePublishContext(target_), volume_context_},
                                  call);
  }
  absl::Status Unstage(const std::string& path = kStaging) {
    base::Call call(clock_, clock_.Now() + absl::Minutes(2));
    return process_->stager.Unstage(kVolume, path, call);
  }
  absl::Status Publish(const volume::VolumeCapability& capability, bool read_only = false,
                       std::string path = kTarget) {
    base::Call call(clock_, clock_.Now() + absl::Minutes(2));
    return process_->publisher.Publish(
        {kVolume, kStaging, std::move(path), capability, read_only, {}}, call);
  }
  absl::Status Unpublish(const std::string& path = kTarget) {
    base::Call call(clock_, clock_.Now() + absl::Minutes(2));
    return process_->publisher.Unpublish(kVolume, path, call);
  }
  // Looks often enough for what needs two looks, late enough for what waits after a failure.
  void Settle() {
    for (int i = 0; i < 3; ++i) {
      clock_.Advance(absl::Minutes(1));
      process_->reconciler.Tick();
    }
  }
  absl::StatusOr<std::int64_t> Expand(std::int64_t bytes, std::string path = kStaging) {
    base::Call call(clock_, clock_.Now() + absl::Minutes(2));
    return process_->expander.Expand({kVolume, std::move(path), bytes}, call);
  }

  // The target puts another, blank volume in place of ours, and its disk gets our disk's name and
  // number if nobody holds them.
  void ReplaceNamespace() {
    kernel_.ReuseNumbers([this](base::DeviceNumber number) {
      return !file_systems_.IsHeld(number) && mounter_.Table()->Of(number).empty();
    });
    const std::string path = Disk().device_path;
    kernel_.Withdraw(target_.subsystem);
    mounter_.RemoveDevice(path);
    volume::Target other = target_;
    other.identity.uuid = *volume::Uuid::Parse("99999999-1111-4222-8333-444455556666");
    kernel_.Serve(other);
    kernel_.Announce(target_.subsystem);
    ASSERT_OK(topology_.Find(target_.subsystem));
    intruder_ = node::DeviceOf(Disk());
    file_systems_.SetContent(intruder_->number, {mount::Content::kBlank, ""});
  }

  // The same, right after the n-th look at a target that shows the disk (1 is the next one): the
  // looker still has the old picture.
  void ReplaceNamespaceAfterLook(int n) {
    topology_.AfterLooks([this, n]() mutable {
      const auto now = kernel_.Peek(target_.subsystem);
      if (now.has_value() && !now->namespaces.empty() && --n == 0) ReplaceNamespace();
    });
  }

  std::optional<node::StageRecord> Record() { return process_->records.Find(kVolume); }
  nvme::Namespace Disk() { return kernel_.Peek(target_.subsystem)->namespaces.front(); }
  std::vector<mount::MountPoint> MountedAt(const std::string& path) {
    return mounter_.Table()->At(path);
  }
  std::size_t Controllers() {
    const auto subsystem = kernel_.Peek(target_.subsystem);
    return subsystem.has_value() ? subsystem->controllers.size() : 0;
  }
  // Controllers, mounts and the record.
  void ExpectNothingLeft() {
    EXPECT_EQ(Controllers(), 0U);
    EXPECT_TRUE(MountedAt(kStaging).empty());
    EXPECT_TRUE(MountedAt(kTarget).empty());
    EXPECT_FALSE(Record().has_value());
  }

  volume::Target target_ = TargetWith(std::uint64_t{1} << 30);
  volume::StringMap volume_context_;
  const nvme::HostIdentity identity_{
      *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000001"),
      "0a1b2c3d-0000-4000-8000-000000000001"};
  FakeClock clock_;
  Effects effects_;
  MemoryRecordFiles record_files_{"record", effects_};
  MemoryRecordFiles mark_files_{"mark", effects_};
  FakeKernel kernel_{clock_};
  FakeMounter mounter_{effects_};
  FakeFileSystems file_systems_{mounter_, effects_};
  DevtmpfsTopology topology_{kernel_, mounter_, file_systems_};
  std::optional<mount::Device> intruder_;  // once ReplaceNamespace was called
  base::Workers workers_{clock_, 8};
  base::Claims claims_;
  std::unique_ptr<node::NodeHalf> process_;
};

}  // namespace nvmeof::testing
