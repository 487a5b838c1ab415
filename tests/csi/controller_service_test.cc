#include "csi/controller_service.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

#include "tests/csi/controller_world.h"

namespace nvmeof::testing {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Code = grpc::StatusCode;

using ControllerServiceTest = ControllerWorld;

TEST_F(ControllerServiceTest, AnnouncesWhatItDoes) {
  using Rpc = ::csi::v1::ControllerServiceCapability::RPC;
  const auto reply =
      Send(&Stub::ControllerGetCapabilities, ::csi::v1::ControllerGetCapabilitiesRequest());
  std::vector<Rpc::Type> types;
  for (const auto& capability : reply.capabilities()) types.push_back(capability.rpc().type());
  EXPECT_THAT(types, UnorderedElementsAre(Rpc::CREATE_DELETE_VOLUME, Rpc::PUBLISH_UNPUBLISH_VOLUME,
                                          Rpc::LIST_VOLUMES, Rpc::LIST_VOLUMES_PUBLISHED_NODES,
                                          Rpc::GET_VOLUME, Rpc::GET_CAPACITY, Rpc::EXPAND_VOLUME,
                                          Rpc::SINGLE_NODE_MULTI_WRITER));
}

TEST_F(ControllerServiceTest, AnnouncesNoRoomThatNoBackendCanTell) {
  std::vector<backend::NamedBackend> named;
  named.push_back({"plain", Plain()});
  const backend::Backends backends(std::move(named));
  csi::ControllerService service(edge_, backends);
  const Serving serving(service);
  grpc::ClientContext context;
  ::csi::v1::ControllerGetCapabilitiesResponse reply;
  ASSERT_TRUE(Stub(serving.channel()).ControllerGetCapabilities(&context, {}, &reply).ok());
  for (const auto& capability : reply.capabilities()) {
    EXPECT_NE(capability.rpc().type(), ::csi::v1::ControllerServiceCapability::RPC::GET_CAPACITY);
  }
  EXPECT_EQ(reply.capabilities_size(), 7);
}

TEST_F(ControllerServiceTest, AnswersUnimplementedForTheRest) {
  Send(&Stub::CreateSnapshot, ::csi::v1::CreateSnapshotRequest(), Code::UNIMPLEMENTED);
  Send(&Stub::DeleteSnapshot, ::csi::v1::DeleteSnapshotRequest(), Code::UNIMPLEMENTED);
  Send(&Stub::ListSnapshots, ::csi::v1::ListSnapshotsRequest(), Code::UNIMPLEMENTED);
  Send(&Stub::GetSnapshot, ::csi::v1::GetSnapshotRequest(), Code::UNIMPLEMENTED);
  Send(&Stub::ControllerModifyVolume, ::csi::v1::ControllerModifyVolumeRequest(),
       Code::UNIMPLEMENTED);
  Send(&Stub::ControllerGetVolumeHealth, ::csi::v1::ControllerGetVolumeHealthRequest(),
       Code::UNIMPLEMENTED);
  Send(&Stub::ControllerListVolumeHealth, ::csi::v1::ControllerListVolumeHealthRequest(),
       Code::UNIMPLEMENTED);
}

TEST_F(ControllerServiceTest, EachCallOfAVolumesLifeMayBeRepeated) {
  const ::csi::v1::Volume volume = Create(CreateRequest("pvc-1"));
  const std::string& id = volume.volume_id();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(MessageDifferencer::Equals(Create(CreateRequest("pvc-1")), volume));
  }
  const auto context = Publish(PublishRequest(id, kHostA));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Publish(PublishRequest(id, kHostA)), context);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Expand(id, 2 * kGiB).capacity_bytes(), 2 * kGiB);
  for (int i = 0; i < 10; ++i) Unpublish(id, kHostA);
  for (int i = 0; i < 10; ++i) Delete(id);
  EXPECT_THAT(List().entries(), IsEmpty());
}

TEST_F(ControllerServiceTest, LogsOneLinePerChangeWithTheNewVolume) {
  const std::string id = Created("pvc-1");
  EXPECT_THAT(log_.lines(), ElementsAre(AllOf(HasSubstr("rpc=CreateVolume name=pvc-1"),
                                              HasSubstr("code=OK"), HasSubstr(id))));
}

TEST_F(ControllerServiceTest, IdenticalCreatesAtOnceMakeOneVolume) {
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([this] {
      grpc::ClientContext context;
      ::csi::v1::CreateVolumeResponse response;
      const grpc::Status status = stub_->CreateVolume(&context, CreateRequest("pvc-1"), &response);
      EXPECT_TRUE(status.ok() || status.error_code() == Code::ABORTED) << status.error_message();
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(List().entries_size(), 1);
}

TEST_F(ControllerServiceTest, ASecondCreateOfTheNameIsAbortedWhileTheFirstRuns) {
  gate_->Close();
  std::thread first([this] { Create(CreateRequest("pvc-1")); });
  gate_->AwaitArrival();
  grpc::ClientContext context;
  ::csi::v1::CreateVolumeResponse response;
  EXPECT_EQ(stub_->CreateVolume(&context, CreateRequest("pvc-1"), &response).error_code(),
            Code::ABORTED);
  gate_->Open();
  first.join();
}

TEST_F(ControllerServiceTest, ChangesOfAVolumeAreAbortedWhileAnotherRuns) {
  const std::string id = Created("pvc-1");
  const std::string other = Created("pvc-2");
  gate_->Close();
  std::thread first([this, id] {
    grpc::ClientContext context;
    ::csi::v1::ControllerPublishVolumeResponse response;
    EXPECT_TRUE(
        stub_->ControllerPublishVolume(&context, PublishRequest(id, kHostA), &response).ok());
  });
  gate_->AwaitArrival();
  Publish(PublishRequest(id, kHostA), Code::ABORTED);
  Unpublish(id, kHostA, Code::ABORTED);
  Expand(id, 2 * kGiB, Code::ABORTED);
  Delete(id, Code::ABORTED);
  Get(id);
  gate_->Open();
  Publish(PublishRequest(other, kHostA));
  first.join();
}

TEST_F(ControllerServiceTest, TellsTheNodeWhereTheVolumeIsNow) {
  const std::string id = Created("pvc-1");
  fast_->SetPortals({{"tcp", "192.0.2.9", "4420"}});
  const auto context = Publish(PublishRequest(id, kHostA));
  EXPECT_EQ(context.at("portals"), "tcp://192.0.2.9:4420");
  EXPECT_EQ(context.at("sizeBytes"), std::to_string(kGiB));
  EXPECT_THAT(NodesOf(id), ElementsAre(kHostA));
}

TEST_F(ControllerServiceTest, ConfirmsWhatFitsAndSaysWhyNot) {
  ::csi::v1::ValidateVolumeCapabilitiesRequest request;
  request.set_volume_id(Created("pvc-1"));
  *request.add_volume_capabilities() = FileSystem("xfs");
  auto reply = Send(&Stub::ValidateVolumeCapabilities, request);
  ASSERT_EQ(reply.confirmed().volume_capabilities_size(), 1);
  EXPECT_EQ(reply.confirmed().volume_capabilities(0).mount().fs_type(), "xfs");

  *request.add_volume_capabilities() = FileSystem("ntfs");
  reply = Send(&Stub::ValidateVolumeCapabilities, request);
  EXPECT_FALSE(reply.has_confirmed());
  EXPECT_THAT(reply.message(), HasSubstr("ntfs"));
}

TEST_F(ControllerServiceTest, ConfirmsAVolumeWrittenByHandByItsOwnWords) {
  ::csi::v1::ValidateVolumeCapabilitiesRequest request;
  request.set_volume_id("db1");
  *request.add_volume_capabilities() = FileSystem("xfs");
  Send(&Stub::ValidateVolumeCapabilities, request, Code::NOT_FOUND);
  auto& context = *request.mutable_volume_context();
  context["nqn"] = "nqn.2010-06.com.array:1";
  context["portals"] = "192.0.2.1";
  Send(&Stub::ValidateVolumeCapabilities, request, Code::INVALID_ARGUMENT);
  context["nsid"] = "1";
  const auto reply = Send(&Stub::ValidateVolumeCapabilities, request);
  EXPECT_EQ(reply.confirmed().volume_context_size(), 3);
}

TEST_F(ControllerServiceTest, ValidatesOnlyWhatExists) {
  ::csi::v1::ValidateVolumeCapabilitiesRequest request;
  *request.add_volume_capabilities() = FileSystem("xfs");
  Send(&Stub::ValidateVolumeCapabilities, request, Code::INVALID_ARGUMENT);
  request.set_volume_id("fast:place-a:1");
  Send(&Stub::ValidateVolumeCapabilities, request, Code::NOT_FOUND);
}

TEST_F(ControllerServiceTest, GetsTheSameVolumeThatWasMade) {
  const ::csi::v1::Volume volume = Create(CreateRequest("pvc-1"));
  const auto reply = Get(volume.volume_id());
  EXPECT_TRUE(MessageDifferencer::Equals(reply.volume(), volume));
  EXPECT_TRUE(reply.has_status());
  Get("", Code::INVALID_ARGUMENT);
  Get("fake", Code::NOT_FOUND);
}

// Of one backend, whose volumes nodes of zone a reach.
class ControllerZoneTest : public ControllerWorld {
 protected:
  ControllerZoneTest() { stub_ = ::csi::v1::Controller::NewStub(zone_serving_.channel()); }

  static backend::Backends ZoneOnly() {
    std::vector<backend::NamedBackend> named;
    named.push_back(
        {"zone",
         std::make_unique<MemoryBackend>(MemoryBackendOptions{
             .name = "zone", .abilities = {.places = true}, .reachable_from = {{"zone", "a"}}})});
    return backend::Backends(std::move(named));
  }
  static ::csi::v1::CreateVolumeRequest RequestFrom(const std::string& zone) {
    ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
    auto& wanted = *request.mutable_accessibility_requirements();
    (*wanted.add_requisite()->mutable_segments())["zone"] = zone;
    (*wanted.add_preferred()->mutable_segments())["zone"] = zone;
    return request;
  }

  const backend::Backends zone_backends_ = ZoneOnly();
  csi::ControllerService zone_service_{edge_, zone_backends_};
  Serving zone_serving_{zone_service_};
};

TEST_F(ControllerZoneTest, HasPlaces) {
  EXPECT_TRUE(zone_service_.HasPlaces());
  EXPECT_FALSE(service_.HasPlaces());
}

TEST_F(ControllerZoneTest, TellsFromWhereAVolumeIsReached) {
  const ::csi::v1::Volume volume = Create(RequestFrom("a"));
  ASSERT_EQ(volume.accessible_topology_size(), 1);
  EXPECT_EQ(volume.accessible_topology(0).segments().at("zone"), "a");
  EXPECT_TRUE(MessageDifferencer::Equals(Get(volume.volume_id()).volume(), volume));
  EXPECT_TRUE(MessageDifferencer::Equals(List().entries(0).volume(), volume));
}

TEST_F(ControllerZoneTest, HasNoRoomWhereNothingIsReached) {
  Create(RequestFrom("b"), Code::RESOURCE_EXHAUSTED);
}

TEST_F(ControllerZoneTest, TellsTheRoomOfAZone) {
  ::csi::v1::GetCapacityRequest request;
  (*request.mutable_accessible_topology()->mutable_segments())["zone"] = "a";
  EXPECT_GT(Send(&Stub::GetCapacity, request).available_capacity(), 0);
  (*request.mutable_accessible_topology()->mutable_segments())["zone"] = "b";
  EXPECT_EQ(Send(&Stub::GetCapacity, request).available_capacity(), 0);
}

TEST_F(ControllerServiceTest, VolumesOfUnlimitedReachMeetEveryRequirement) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
  auto& wanted = *request.mutable_accessibility_requirements();
  (*wanted.add_requisite()->mutable_segments())["zone"] = "a";
  EXPECT_EQ(Create(request).accessible_topology_size(), 0);
}

TEST_F(ControllerServiceTest, GrowsAndLetsTheNodeFollow) {
  const std::string id = Created("pvc-1");
  const auto grown = Expand(id, 2 * kGiB);
  EXPECT_EQ(grown.capacity_bytes(), 2 * kGiB);
  EXPECT_TRUE(grown.node_expansion_required());
  const auto again = Expand(id, kGiB);
  EXPECT_EQ(again.capacity_bytes(), 2 * kGiB);
  EXPECT_TRUE(again.node_expansion_required());
}

}  // namespace
}  // namespace nvmeof::testing
