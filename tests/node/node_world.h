// NodeWorld: NodeScene as a fixture.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_scene.h"

namespace nvmeof::testing {

class NodeWorld : public ::testing::Test, protected NodeScene {
 protected:
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

  // Controllers, mounts and the record.
  void ExpectNothingLeft() {
    EXPECT_EQ(Controllers(), 0U);
    EXPECT_TRUE(MountedAt(kStaging).empty());
    EXPECT_TRUE(MountedAt(kTarget).empty());
    EXPECT_FALSE(Record().has_value());
  }

  volume::Target& target_ = target;
  volume::StringMap& volume_context_ = volume_context;
  const nvme::HostIdentity& identity_ = identity;
  FakeClock& clock_ = clock;
  Effects& effects_ = effects;
  MemoryRecordFiles& record_files_ = record_files;
  MemoryRecordFiles& mark_files_ = mark_files;
  FakeKernel& kernel_ = kernel;
  FakeDiscovery& discovery_ = discovery;
  FakeMounter& mounter_ = mounter;
  FakeFileSystems& file_systems_ = file_systems;
  DevtmpfsTopology& topology_ = topology;
  base::Workers& workers_ = workers;
  base::Claims& claims_ = claims;
  std::unique_ptr<node::NodeHalf>& process_ = process;
  std::optional<mount::Device> intruder_;  // once ReplaceNamespace was called
};

}  // namespace nvmeof::testing
