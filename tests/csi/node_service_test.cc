#include "csi/node_service.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/csi/captured_log.h"
#include "tests/csi/serving.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Code = grpc::StatusCode;
using Mode = ::csi::v1::VolumeCapability::AccessMode;
using Stub = ::csi::v1::Node::Stub;

constexpr char kOtherTarget[] = "/kubelet/pods/p2/v1";

::csi::v1::VolumeCapability WireBlock(Mode::Mode mode = Mode::SINGLE_NODE_WRITER) {
  ::csi::v1::VolumeCapability capability;
  capability.mutable_block();
  capability.mutable_access_mode()->set_mode(mode);
  return capability;
}

::csi::v1::VolumeCapability WireFileSystem() {
  ::csi::v1::VolumeCapability capability;
  capability.mutable_mount();
  capability.mutable_access_mode()->set_mode(Mode::SINGLE_NODE_WRITER);
  return capability;
}

// The service behind a socket, over the node half with a kernel in memory.
class NodeServiceTest : public NodeWorld {
 protected:
  template <typename Request, typename Response>
  Response Send(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request, Code expected = Code::OK) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (*stub_.*method)(&context, request, &response);
    EXPECT_EQ(status.error_code(), expected) << status.error_message();
    return response;
  }

  ::csi::v1::NodeStageVolumeRequest StageRequest(const ::csi::v1::VolumeCapability& capability,
                                                 const std::string& path = kStaging) {
    ::csi::v1::NodeStageVolumeRequest request;
    request.set_volume_id(kVolume);
    request.set_staging_target_path(path);
    *request.mutable_volume_capability() = capability;
    for (const auto& [key, value] : volume::EncodePublishContext(target_)) {
      (*request.mutable_publish_context())[key] = value;
    }
    return request;
  }
  void SendStage(const ::csi::v1::VolumeCapability& capability, Code expected = Code::OK) {
    Send(&Stub::NodeStageVolume, StageRequest(capability), expected);
  }

  void SendPublish(const ::csi::v1::VolumeCapability& capability, const std::string& path = kTarget,
                   Code expected = Code::OK) {
    ::csi::v1::NodePublishVolumeRequest request;
    request.set_volume_id(kVolume);
    request.set_staging_target_path(kStaging);
    request.set_target_path(path);
    *request.mutable_volume_capability() = capability;
    Send(&Stub::NodePublishVolume, request, expected);
  }

  void SendUnpublish(Code expected = Code::OK) {
    ::csi::v1::NodeUnpublishVolumeRequest request;
    request.set_volume_id(kVolume);
    request.set_target_path(kTarget);
    Send(&Stub::NodeUnpublishVolume, request, expected);
  }

  void SendUnstage(Code expected = Code::OK) {
    ::csi::v1::NodeUnstageVolumeRequest request;
    request.set_volume_id(kVolume);
    request.set_staging_target_path(kStaging);
    Send(&Stub::NodeUnstageVolume, request, expected);
  }

  ::csi::v1::NodeGetVolumeStatsResponse Stats(const std::string& path, Code expected = Code::OK) {
    ::csi::v1::NodeGetVolumeStatsRequest request;
    request.set_volume_id(kVolume);
    request.set_volume_path(path);
    return Send(&Stub::NodeGetVolumeStats, request, expected);
  }

  std::int64_t ExpandTo(std::int64_t bytes, const std::string& path, Code expected = Code::OK) {
    ::csi::v1::NodeExpandVolumeRequest request;
    request.set_volume_id(kVolume);
    request.set_volume_path(path);
    request.mutable_capacity_range()->set_required_bytes(bytes);
    return Send(&Stub::NodeExpandVolume, request, expected).capacity_bytes();
  }

  CapturedLog log_;
  base::Workers workers_{clock_, 4};
  csi::RpcEdge edge_{clock_, workers_, {.log = log_.sink()}};
  csi::NodeService service_{edge_, *process_, {identity_.nqn, 17}};
  Serving serving_{service_};
  std::unique_ptr<Stub> stub_ = ::csi::v1::Node::NewStub(serving_.channel());
};

TEST_F(NodeServiceTest, TellsWhoTheNodeIs) {
  const auto info = Send(&Stub::NodeGetInfo, ::csi::v1::NodeGetInfoRequest());
  EXPECT_EQ(info.node_id(), identity_.nqn.text());
  EXPECT_EQ(info.max_volumes_per_node(), 17);
  EXPECT_FALSE(info.has_accessible_topology());
}

TEST_F(NodeServiceTest, TellsWhereTheNodeIs) {
  csi::NodeService somewhere(edge_, *process_, {identity_.nqn, 17, {{"zone", "a"}}});
  const Serving serving(somewhere);
  stub_ = ::csi::v1::Node::NewStub(serving.channel());
  const auto info = Send(&Stub::NodeGetInfo, ::csi::v1::NodeGetInfoRequest());
  EXPECT_EQ(info.accessible_topology().segments_size(), 1);
  EXPECT_EQ(info.accessible_topology().segments().at("zone"), "a");
}

TEST_F(NodeServiceTest, AnnouncesWhatItDoes) {
  using Rpc = ::csi::v1::NodeServiceCapability::RPC;
  const auto reply = Send(&Stub::NodeGetCapabilities, ::csi::v1::NodeGetCapabilitiesRequest());
  std::vector<Rpc::Type> types;
  for (const auto& capability : reply.capabilities()) types.push_back(capability.rpc().type());
  EXPECT_THAT(types, UnorderedElementsAre(Rpc::STAGE_UNSTAGE_VOLUME, Rpc::GET_VOLUME_STATS,
                                          Rpc::EXPAND_VOLUME, Rpc::SINGLE_NODE_MULTI_WRITER,
                                          Rpc::VOLUME_MOUNT_GROUP, Rpc::GET_VOLUME_HEALTH,
                                          Rpc::GET_STORAGE_HEALTH));
}

TEST_F(NodeServiceTest, EachCallOfAVolumesLifeMayBeRepeated) {
  for (int i = 0; i < 10; ++i) SendStage(WireFileSystem());
  for (int i = 0; i < 10; ++i) SendPublish(WireFileSystem());
  EXPECT_THAT(MountedAt(kTarget), SizeIs(1));
  for (int i = 0; i < 10; ++i) SendUnpublish();
  for (int i = 0; i < 10; ++i) SendUnstage();
  ExpectNothingLeft();
}

TEST_F(NodeServiceTest, LogsTheSlowStepsOfAStage) {
  SendStage(WireFileSystem());
  EXPECT_THAT(log_.lines(), Contains(AllOf(HasSubstr("rpc=NodeStageVolume volume=fast:agent-a:v1"),
                                           HasSubstr("connect_ms="), HasSubstr("filesystem_ms="),
                                           HasSubstr("mount_ms="))));
}

// --- NodeStageVolume, NodeUnstageVolume ---

TEST_F(NodeServiceTest, AMalformedStageTouchesNothing) {
  Send(&Stub::NodeStageVolume, ::csi::v1::NodeStageVolumeRequest(), Code::INVALID_ARGUMENT);
  ::csi::v1::NodeStageVolumeRequest request = StageRequest(WireBlock());
  (*request.mutable_publish_context())["nqn"] = "no nqn";
  Send(&Stub::NodeStageVolume, request, Code::INVALID_ARGUMENT);
  EXPECT_THAT(effects_.log(), IsEmpty());
}

TEST_F(NodeServiceTest, StagedWithAnotherCapabilityAlreadyExists) {
  SendStage(WireFileSystem());
  SendStage(WireBlock(), Code::ALREADY_EXISTS);
}

TEST_F(NodeServiceTest, ASecondStageIsAbortedWhileTheFirstRuns) {
  absl::Notification entered;
  absl::Notification leave;
  effects_.OnEffect([&](const std::string&) {
    if (entered.HasBeenNotified()) return;
    entered.Notify();
    leave.WaitForNotification();
  });
  std::thread first([this] { SendStage(WireBlock()); });
  entered.WaitForNotification();
  SendStage(WireBlock(), Code::ABORTED);
  SendPublish(WireBlock(), kTarget, Code::ABORTED);
  SendUnstage(Code::ABORTED);
  Stats(kTarget, Code::NOT_FOUND);
  leave.Notify();
  first.join();
}

TEST_F(NodeServiceTest, UnstageWaitsForUnpublish) {
  SendStage(WireFileSystem());
  SendPublish(WireFileSystem());
  SendUnstage(Code::FAILED_PRECONDITION);
}

// --- NodePublishVolume, NodeUnpublishVolume ---

TEST_F(NodeServiceTest, PublishFollowsTheTable) {
  SendPublish(WireBlock(), kTarget, Code::NOT_FOUND);  // N12
  SendStage(WireBlock());
  SendPublish(WireBlock());                                                              // N13
  SendPublish(WireBlock(Mode::SINGLE_NODE_READER_ONLY), kTarget, Code::ALREADY_EXISTS);  // N14
  SendPublish(WireBlock(), kOtherTarget, Code::FAILED_PRECONDITION);                     // N16
  SendPublish(WireFileSystem(), kOtherTarget, Code::FAILED_PRECONDITION);                // N17
}

TEST_F(NodeServiceTest, ASharedVolumeIsPublishedAtSeveralPaths) {
  SendStage(WireBlock(Mode::SINGLE_NODE_MULTI_WRITER));
  SendPublish(WireBlock(Mode::SINGLE_NODE_MULTI_WRITER));
  SendPublish(WireBlock(Mode::SINGLE_NODE_MULTI_WRITER), kOtherTarget);
  EXPECT_THAT(MountedAt(kOtherTarget), SizeIs(1));
}

TEST_F(NodeServiceTest, WhatIsNotThereCanBeTakenAway) {
  SendUnpublish();
  SendUnstage();
}

// --- NodeGetVolumeStats, NodeExpandVolume ---

TEST_F(NodeServiceTest, ARawBlockVolumeHasASize) {
  SendStage(WireBlock());
  SendPublish(WireBlock());
  const auto stats = Stats(kTarget);
  ASSERT_THAT(stats.usage(), SizeIs(1));
  EXPECT_EQ(stats.usage(0).unit(), ::csi::v1::VolumeUsage::BYTES);
  EXPECT_EQ(stats.usage(0).total(), std::int64_t{1} << 30);
}

TEST_F(NodeServiceTest, AFileSystemHasBytesAndInodes) {
  const TemporaryDirectory folder;
  mounter_.AddDirectory(folder.path());  // a real one, for its real numbers
  Send(&Stub::NodeStageVolume, StageRequest(WireFileSystem(), folder.path()));
  const auto stats = Stats(folder.path());
  ASSERT_THAT(stats.usage(), SizeIs(2));
  EXPECT_EQ(stats.usage(0).unit(), ::csi::v1::VolumeUsage::BYTES);
  EXPECT_GE(stats.usage(0).total(), stats.usage(0).used() + stats.usage(0).available());
  EXPECT_EQ(stats.usage(1).unit(), ::csi::v1::VolumeUsage::INODES);
  EXPECT_GT(stats.usage(0).total(), stats.usage(1).total());
}

TEST_F(NodeServiceTest, APathWithoutTheVolumeIsNotFound) {
  Stats(kTarget, Code::NOT_FOUND);
  ExpandTo(1, kTarget, Code::NOT_FOUND);
  SendStage(WireBlock());
  Stats("some/path", Code::NOT_FOUND);
  ExpandTo(1, "some/path", Code::NOT_FOUND);
}

TEST_F(NodeServiceTest, ExpandAnswersTheSizeOfTheDisk) {
  SendStage(WireBlock());
  SendPublish(WireBlock());
  EXPECT_EQ(ExpandTo(1, kTarget), std::int64_t{1} << 30);
}

// --- NodeGetVolumeHealth, NodeGetStorageHealth ---

class NodeHealthTest : public NodeServiceTest {
 protected:
  ::csi::v1::VolumeHealth Health(Code expected = Code::OK) {
    ::csi::v1::NodeGetVolumeHealthRequest request;
    request.set_volume_id(kVolume);
    return Send(&Stub::NodeGetVolumeHealth, request, expected).volume_health();
  }
};

TEST_F(NodeHealthTest, AHealthyVolumeHasNothingToTell) {
  SendStage(WireFileSystem());
  EXPECT_EQ(Health().volume_id(), kVolume);
  EXPECT_TRUE(Health().health_statuses().empty());
}

TEST_F(NodeHealthTest, OfAnUnknownVolumeNothingIsKnown) { Health(Code::NOT_FOUND); }

TEST_F(NodeHealthTest, NeedsAVolume) {
  Send(&Stub::NodeGetVolumeHealth, ::csi::v1::NodeGetVolumeHealthRequest(), Code::INVALID_ARGUMENT);
}

TEST_F(NodeHealthTest, ALostPathIsDegradedAndNamed) {
  SendStage(WireFileSystem());
  kernel_.Stall(target_.portals.back());
  const auto health = Health();
  ASSERT_THAT(health.health_statuses(), SizeIs(1));
  EXPECT_EQ(health.health_statuses(0).status(), ::csi::v1::DEGRADED);
  EXPECT_EQ(health.health_statuses(0).reason(), "Degraded");
  EXPECT_THAT(health.health_statuses(0).message(), HasSubstr("192.0.2.2:4420 is connecting"));
}

TEST_F(NodeHealthTest, WithoutALivePathItIsInaccessible) {
  SendStage(WireFileSystem());
  for (const volume::Portal& portal : target_.portals) kernel_.Stall(portal);
  const auto health = Health();
  ASSERT_THAT(health.health_statuses(), SizeIs(1));
  EXPECT_EQ(health.health_statuses(0).status(), ::csi::v1::INACCESSIBLE);
  EXPECT_EQ(health.health_statuses(0).reason(), "NoLivePath");
}

TEST_F(NodeHealthTest, AStageThatFailedForGoodIsRememberedUntilItSucceeds) {
  file_systems_.SetMedium({259, 40}, target_.identity.uuid->Hex());
  file_systems_.SetContent({259, 40}, {mount::Content::kForeign, "gpt"});
  Send(&Stub::NodeStageVolume, StageRequest(WireFileSystem()), Code::FAILED_PRECONDITION);
  EXPECT_FALSE(Record().has_value());
  const auto health = Health();
  ASSERT_THAT(health.health_statuses(), SizeIs(1));
  EXPECT_EQ(health.health_statuses(0).reason(), "StageFailed");
  EXPECT_THAT(health.health_statuses(0).message(), HasSubstr("gpt"));
  SendUnstage();
  Health(Code::NOT_FOUND);
}

TEST_F(NodeHealthTest, TheStorageIsHealthyWhenNothingIsWrong) {
  SendStage(WireFileSystem());
  EXPECT_TRUE(Send(&Stub::NodeGetStorageHealth, ::csi::v1::NodeGetStorageHealthRequest())
                  .backend_health()
                  .empty());
}

TEST_F(NodeHealthTest, APortalThatServesNobodyIsNamed) {
  SendStage(WireFileSystem());
  kernel_.Stall(target_.portals.front());
  const auto health = Send(&Stub::NodeGetStorageHealth, ::csi::v1::NodeGetStorageHealthRequest());
  ASSERT_THAT(health.backend_health(), SizeIs(1));
  EXPECT_EQ(health.backend_health(0).status(), ::csi::v1::STORAGE_DEGRADED);
  EXPECT_EQ(health.backend_health(0).reason(), "PortalDown");
  EXPECT_THAT(health.backend_health(0).message(), HasSubstr("tcp://192.0.2.1:4420"));
}

TEST_F(NodeHealthTest, SaysWhenTheKernelRunsWithoutMultipath) {
  kernel_.SetNativeMultipath(false);
  const auto health = Send(&Stub::NodeGetStorageHealth, ::csi::v1::NodeGetStorageHealthRequest());
  ASSERT_THAT(health.backend_health(), SizeIs(1));
  EXPECT_EQ(health.backend_health(0).reason(), "MultipathOff");
}

}  // namespace
}  // namespace nvmeof::testing
