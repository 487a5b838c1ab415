#include "csi/controller_service.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

#include "tests/csi/captured_log.h"
#include "tests/csi/gated_backend.h"
#include "tests/csi/serving.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_backend.h"

namespace nvmeof::csi {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::nvmeof::testing::CapturedLog;
using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::GatedBackend;
using ::nvmeof::testing::MemoryBackend;
using ::nvmeof::testing::MemoryBackendOptions;
using ::nvmeof::testing::Serving;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Stub = ::csi::v1::Controller::Stub;
using Mode = ::csi::v1::VolumeCapability::AccessMode;
using Code = grpc::StatusCode;

constexpr char kHostA[] = "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-00000000000a";
constexpr char kHostB[] = "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-00000000000b";
constexpr std::int64_t kGiB = std::int64_t{1} << 30;

::csi::v1::VolumeCapability Block(Mode::Mode mode) {
  ::csi::v1::VolumeCapability capability;
  capability.mutable_block();
  capability.mutable_access_mode()->set_mode(mode);
  return capability;
}

::csi::v1::VolumeCapability FileSystem(const std::string& type) {
  ::csi::v1::VolumeCapability capability;
  capability.mutable_mount()->set_fs_type(type);
  capability.mutable_access_mode()->set_mode(Mode::SINGLE_NODE_WRITER);
  return capability;
}

::csi::v1::CreateVolumeRequest CreateRequest(const std::string& name) {
  ::csi::v1::CreateVolumeRequest request;
  request.set_name(name);
  *request.add_volume_capabilities() = Block(Mode::SINGLE_NODE_WRITER);
  request.mutable_capacity_range()->set_required_bytes(kGiB);
  return request;
}

::csi::v1::ControllerPublishVolumeRequest PublishRequest(const std::string& id,
                                                         const std::string& node) {
  ::csi::v1::ControllerPublishVolumeRequest request;
  request.set_volume_id(id);
  request.set_node_id(node);
  *request.mutable_volume_capability() = Block(Mode::SINGLE_NODE_WRITER);
  return request;
}

// The service behind a socket, over two backends in memory: "fast", the default, and "slow".
class ControllerServiceTest : public ::testing::Test {
 protected:
  template <typename Request, typename Response>
  Response Send(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request, Code expected = Code::OK) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (*stub_.*method)(&context, request, &response);
    EXPECT_EQ(status.error_code(), expected) << status.error_message();
    message_ = status.error_message();
    return response;
  }

  ::csi::v1::Volume Create(const ::csi::v1::CreateVolumeRequest& request,
                           Code expected = Code::OK) {
    return Send(&Stub::CreateVolume, request, expected).volume();
  }
  std::string Created(const std::string& name) { return Create(CreateRequest(name)).volume_id(); }

  void Delete(const std::string& id, Code expected = Code::OK) {
    ::csi::v1::DeleteVolumeRequest request;
    request.set_volume_id(id);
    Send(&Stub::DeleteVolume, request, expected);
  }

  std::map<std::string, std::string> Publish(
      const ::csi::v1::ControllerPublishVolumeRequest& request, Code expected = Code::OK) {
    const auto context = Send(&Stub::ControllerPublishVolume, request, expected).publish_context();
    return {context.begin(), context.end()};
  }

  void Unpublish(const std::string& id, const std::string& node, Code expected = Code::OK) {
    ::csi::v1::ControllerUnpublishVolumeRequest request;
    request.set_volume_id(id);
    request.set_node_id(node);
    Send(&Stub::ControllerUnpublishVolume, request, expected);
  }

  ::csi::v1::ControllerGetVolumeResponse Get(const std::string& id, Code expected = Code::OK) {
    ::csi::v1::ControllerGetVolumeRequest request;
    request.set_volume_id(id);
    return Send(&Stub::ControllerGetVolume, request, expected);
  }

  std::vector<std::string> NodesOf(const std::string& id) {
    const auto reply = Get(id);
    const auto& nodes = reply.status().published_node_ids();
    return {nodes.begin(), nodes.end()};
  }

  ::csi::v1::ListVolumesResponse List(int max_entries = 0, const std::string& token = "",
                                      Code expected = Code::OK) {
    ::csi::v1::ListVolumesRequest request;
    request.set_max_entries(max_entries);
    request.set_starting_token(token);
    return Send(&Stub::ListVolumes, request, expected);
  }

  ::csi::v1::ControllerExpandVolumeResponse Expand(const std::string& id, std::int64_t required,
                                                   Code expected = Code::OK) {
    ::csi::v1::ControllerExpandVolumeRequest request;
    request.set_volume_id(id);
    request.mutable_capacity_range()->set_required_bytes(required);
    return Send(&Stub::ControllerExpandVolume, request, expected);
  }

  static backend::Backends MakeBackends(std::unique_ptr<backend::Backend> fast,
                                        std::unique_ptr<backend::Backend> slow) {
    std::vector<backend::NamedBackend> named;
    named.push_back({"fast", std::move(fast)});
    named.push_back({"slow", std::move(slow)});
    return backend::Backends(std::move(named));
  }

  static std::unique_ptr<MemoryBackend> Memory(const std::string& name) {
    return std::make_unique<MemoryBackend>(MemoryBackendOptions{.name = name});
  }

  std::unique_ptr<MemoryBackend> new_fast_ = Memory("fast");
  MemoryBackend& fast_ = *new_fast_;
  std::unique_ptr<GatedBackend> new_gate_ = std::make_unique<GatedBackend>(std::move(new_fast_));
  GatedBackend& gate_ = *new_gate_;
  const backend::Backends backends_ = MakeBackends(std::move(new_gate_), Memory("slow"));

  FakeClock clock_;
  CapturedLog log_;
  base::Workers workers_{clock_, 16};
  RpcEdge edge_{clock_, workers_, {.log = log_.sink()}};
  ControllerService service_{edge_, backends_};
  Serving serving_{{&service_}};
  std::unique_ptr<Stub> stub_ = ::csi::v1::Controller::NewStub(serving_.channel());
  std::string message_;  // of the last error
};

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

// --- CreateVolume ---

TEST_F(ControllerServiceTest, MakesWhatWasAskedFor) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
  (*request.mutable_parameters())["backend"] = "slow";
  (*request.mutable_parameters())["minPaths"] = "2";
  const ::csi::v1::Volume volume = Create(request);
  EXPECT_THAT(volume.volume_id(), ::testing::StartsWith("slow:"));
  EXPECT_EQ(volume.capacity_bytes(), kGiB);
  EXPECT_EQ(volume.volume_context().at("minPaths"), "2");
  EXPECT_FALSE(volume.has_content_source());
}

TEST_F(ControllerServiceTest, CreateFollowsTheTable) {
  struct Row {
    std::string name;
    std::function<void(::csi::v1::CreateVolumeRequest&)> change;
    Code code;
  };
  const Row rows[] = {
      {"C1 no name", [](auto& r) { r.clear_name(); }, Code::INVALID_ARGUMENT},
      {"C2 the range still fits",
       [](auto& r) { r.mutable_capacity_range()->set_required_bytes(1); }, Code::OK},
      {"C2 another capability that fits",
       [](auto& r) { *r.mutable_volume_capabilities(0) = FileSystem("xfs"); }, Code::OK},
      {"C3 larger", [](auto& r) { r.mutable_capacity_range()->set_required_bytes(2 * kGiB); },
       Code::ALREADY_EXISTS},
      {"C3 smaller at most",
       [](auto& r) {
         r.mutable_capacity_range()->set_required_bytes(1);
         r.mutable_capacity_range()->set_limit_bytes(kGiB / 2);
       },
       Code::ALREADY_EXISTS},
      {"C3 other parameters", [](auto& r) { (*r.mutable_parameters())["minPaths"] = "2"; },
       Code::ALREADY_EXISTS},
      {"C7 larger than supported",
       [](auto& r) {
         r.set_name("pvc-2");
         r.mutable_capacity_range()->set_required_bytes(std::int64_t{1} << 60);
       },
       Code::OUT_OF_RANGE},
      {"C9 the default size",
       [](auto& r) {
         r.set_name("pvc-3");
         r.clear_capacity_range();
       },
       Code::OK},
      {"a backend that is not configured",
       [](auto& r) { (*r.mutable_parameters())["backend"] = "lost"; }, Code::INVALID_ARGUMENT},
  };
  Create(CreateRequest("pvc-1"));
  for (const Row& row : rows) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, row.name);
    ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
    row.change(request);
    Create(request, row.code);
  }
}

TEST_F(ControllerServiceTest, MakesExactlyTheSizeWhenRequiredIsTheLimit) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
  request.mutable_capacity_range()->set_limit_bytes(kGiB);
  EXPECT_EQ(Create(request).capacity_bytes(), kGiB);
}

TEST_F(ControllerServiceTest, SaysWhenThereIsNoRoom) {
  fast_.SetRoom("place-a", 0);
  fast_.SetRoom("place-b", 0);
  Create(CreateRequest("pvc-1"), Code::RESOURCE_EXHAUSTED);
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

// --- claims ---

TEST_F(ControllerServiceTest, ASecondCreateOfTheNameIsAbortedWhileTheFirstRuns) {
  gate_.Close();
  std::thread first([this] { Create(CreateRequest("pvc-1")); });
  gate_.AwaitArrival();
  grpc::ClientContext context;
  ::csi::v1::CreateVolumeResponse response;
  EXPECT_EQ(stub_->CreateVolume(&context, CreateRequest("pvc-1"), &response).error_code(),
            Code::ABORTED);
  gate_.Open();
  first.join();
}

TEST_F(ControllerServiceTest, ChangesOfAVolumeAreAbortedWhileAnotherRuns) {
  const std::string id = Created("pvc-1");
  const std::string other = Created("pvc-2");
  gate_.Close();
  std::thread first([this, id] {
    grpc::ClientContext context;
    ::csi::v1::ControllerPublishVolumeResponse response;
    EXPECT_TRUE(
        stub_->ControllerPublishVolume(&context, PublishRequest(id, kHostA), &response).ok());
  });
  gate_.AwaitArrival();
  Publish(PublishRequest(id, kHostA), Code::ABORTED);
  Unpublish(id, kHostA, Code::ABORTED);
  Expand(id, 2 * kGiB, Code::ABORTED);
  Delete(id, Code::ABORTED);
  Get(id);
  gate_.Open();
  Publish(PublishRequest(other, kHostA));
  first.join();
}

// --- DeleteVolume ---

TEST_F(ControllerServiceTest, DeleteFollowsTheTable) {
  struct Row {
    std::string name;
    std::string id;
    Code code;
  };
  const Row rows[] = {
      {"D1 no id", "", Code::INVALID_ARGUMENT},
      {"D2 an id of another shape", "fake-volume", Code::OK},
      {"D2 absent", "fast:place-a:00000000000000000000000000000001", Code::OK},
      {"an unknown place cannot be asked", "fast:lost:1", Code::UNAVAILABLE},
      {"an unknown backend cannot be asked", "lost:place-a:1", Code::UNAVAILABLE},
  };
  for (const Row& row : rows) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, row.name);
    Delete(row.id, row.code);
  }
}

TEST_F(ControllerServiceTest, RefusesToDeleteAnExportedVolume) {
  const std::string id = Created("pvc-1");
  Publish(PublishRequest(id, kHostA));
  Delete(id, Code::FAILED_PRECONDITION);
  EXPECT_THAT(message_, HasSubstr(kHostA));
  Unpublish(id, kHostA);
  Delete(id);
  Get(id, Code::NOT_FOUND);
}

// --- ControllerPublishVolume ---

TEST_F(ControllerServiceTest, TellsTheNodeWhereTheVolumeIsNow) {
  const std::string id = Created("pvc-1");
  fast_.SetPortals({{"tcp", "192.0.2.9", "4420"}});
  const auto context = Publish(PublishRequest(id, kHostA));
  EXPECT_EQ(context.at("portals"), "tcp://192.0.2.9:4420");
  EXPECT_EQ(context.at("sizeBytes"), std::to_string(kGiB));
  EXPECT_THAT(NodesOf(id), ElementsAre(kHostA));
}

TEST_F(ControllerServiceTest, PublishFollowsTheTable) {
  struct Row {
    std::string name;
    std::function<void(::csi::v1::ControllerPublishVolumeRequest&)> change;
    Code code;
  };
  const Row rows[] = {
      {"P1 no node", [](auto& r) { r.clear_node_id(); }, Code::INVALID_ARGUMENT},
      {"P2 no such volume", [](auto& r) { r.set_volume_id("fast:place-a:1"); }, Code::NOT_FOUND},
      {"P2 an id of another shape", [](auto& r) { r.set_volume_id("fake"); }, Code::NOT_FOUND},
      {"P2 an unknown backend", [](auto& r) { r.set_volume_id("lost:a:1"); }, Code::NOT_FOUND},
      {"P2 no such node", [](auto& r) { r.set_node_id("fake-node"); }, Code::NOT_FOUND},
      {"P4 another mode",
       [](auto& r) { *r.mutable_volume_capability() = Block(Mode::SINGLE_NODE_READER_ONLY); },
       Code::ALREADY_EXISTS},
      {"P4 another access type",
       [](auto& r) { *r.mutable_volume_capability() = FileSystem("ext4"); }, Code::ALREADY_EXISTS},
      {"P5 another node", [](auto& r) { r.set_node_id(kHostB); }, Code::FAILED_PRECONDITION},
      {"P7 readonly", [](auto& r) { r.set_readonly(true); }, Code::INVALID_ARGUMENT},
  };
  const std::string id = Created("pvc-1");
  Publish(PublishRequest(id, kHostA));
  for (const Row& row : rows) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, row.name);
    ::csi::v1::ControllerPublishVolumeRequest request = PublishRequest(id, kHostA);
    row.change(request);
    Publish(request, row.code);
  }
}

TEST_F(ControllerServiceTest, NamesTheNodeThatHasTheVolume) {
  const std::string id = Created("pvc-1");
  Publish(PublishRequest(id, kHostA));
  Publish(PublishRequest(id, kHostB), Code::FAILED_PRECONDITION);
  EXPECT_THAT(message_, HasSubstr(kHostA));
}

TEST_F(ControllerServiceTest, LetsSeveralNodesInWhenAllOfThemShare) {
  const std::string id = Created("pvc-1");
  ::csi::v1::ControllerPublishVolumeRequest request = PublishRequest(id, kHostA);
  *request.mutable_volume_capability() = Block(Mode::MULTI_NODE_MULTI_WRITER);
  Publish(request);
  request.set_node_id(kHostB);
  Publish(request);
  EXPECT_THAT(NodesOf(id), UnorderedElementsAre(kHostA, kHostB));
}

// --- ControllerUnpublishVolume ---

TEST_F(ControllerServiceTest, UnpublishFollowsTheTable) {
  struct Row {
    std::string name;
    std::string id;
    std::string node;
    Code code;
  };
  const std::string id = Created("pvc-1");
  Publish(PublishRequest(id, kHostA));
  const Row rows[] = {
      {"U1 no volume", "", kHostA, Code::INVALID_ARGUMENT},
      {"U2 not published there", id, kHostB, Code::OK},
      {"U3 volume gone", "fast:place-a:1", kHostA, Code::OK},
      {"U3 an id of another shape", "fake", kHostA, Code::OK},
      {"U3 no node was ever called so", id, "fake-node", Code::OK},
      {"U4 not sure: unknown backend", "lost:place-a:1", kHostA, Code::UNAVAILABLE},
      {"U4 not sure: unknown place", "fast:lost:1", kHostA, Code::UNAVAILABLE},
  };
  for (const Row& row : rows) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, row.name);
    Unpublish(row.id, row.node, row.code);
  }
  EXPECT_THAT(NodesOf(id), ElementsAre(kHostA));
}

TEST_F(ControllerServiceTest, WithoutANodeAllLoseTheirAccess) {
  const std::string id = Created("pvc-1");
  ::csi::v1::ControllerPublishVolumeRequest request = PublishRequest(id, kHostA);
  *request.mutable_volume_capability() = Block(Mode::MULTI_NODE_MULTI_WRITER);
  Publish(request);
  request.set_node_id(kHostB);
  Publish(request);
  Unpublish(id, "");
  EXPECT_THAT(NodesOf(id), IsEmpty());
}

TEST_F(ControllerServiceTest, APlaceThatIsDownIsUnavailable) {
  const std::string id = Created("pvc-1");
  fast_.TakeDown("place-a");
  fast_.TakeDown("place-b");
  Publish(PublishRequest(id, kHostA), Code::UNAVAILABLE);
  Unpublish(id, kHostA, Code::UNAVAILABLE);
  Delete(id, Code::UNAVAILABLE);
  Get(id, Code::UNAVAILABLE);
}

// --- ValidateVolumeCapabilities ---

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

TEST_F(ControllerServiceTest, ValidatesOnlyWhatExists) {
  ::csi::v1::ValidateVolumeCapabilitiesRequest request;
  *request.add_volume_capabilities() = FileSystem("xfs");
  Send(&Stub::ValidateVolumeCapabilities, request, Code::INVALID_ARGUMENT);
  request.set_volume_id("fast:place-a:1");
  Send(&Stub::ValidateVolumeCapabilities, request, Code::NOT_FOUND);
}

// --- ListVolumes ---

TEST_F(ControllerServiceTest, ListsAllVolumesOfAllBackendsWithTheirNodes) {
  const std::string id = Created("pvc-1");
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-2");
  (*request.mutable_parameters())["backend"] = "slow";
  Create(request);
  Publish(PublishRequest(id, kHostA));
  const ::csi::v1::ListVolumesResponse list = List();
  ASSERT_EQ(list.entries_size(), 2);
  EXPECT_EQ(list.entries(0).volume().volume_id(), id);
  EXPECT_THAT(list.entries(0).status().published_node_ids(), ElementsAre(kHostA));
  EXPECT_THAT(list.entries(1).volume().volume_id(), ::testing::StartsWith("slow:"));
  EXPECT_EQ(list.next_token(), "");
}

TEST_F(ControllerServiceTest, PagesMeetEveryVolumeOnce) {
  std::set<std::string> made;
  for (int i = 0; i < 7; ++i) made.insert(Created("pvc-" + std::to_string(i)));
  std::set<std::string> listed;
  std::string token;
  int pages = 0;
  do {
    const ::csi::v1::ListVolumesResponse page = List(3, token);
    EXPECT_LE(page.entries_size(), 3);
    for (const auto& entry : page.entries()) listed.insert(entry.volume().volume_id());
    token = page.next_token();
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(listed, made);
  EXPECT_EQ(pages, 3);
}

TEST_F(ControllerServiceTest, ATokenOutlivesItsVolume) {
  for (int i = 0; i < 4; ++i) Created("pvc-" + std::to_string(i));
  const ::csi::v1::ListVolumesResponse all = List();
  const std::string token = List(2).next_token();
  Delete(all.entries(1).volume().volume_id());
  const ::csi::v1::ListVolumesResponse rest = List(0, token);
  ASSERT_EQ(rest.entries_size(), 2);
  EXPECT_EQ(rest.entries(0).volume().volume_id(), all.entries(2).volume().volume_id());
}

TEST_F(ControllerServiceTest, RefusesAForeignTokenAndANegativeNumber) {
  List(0, "invalid-token", Code::ABORTED);
  List(-1, "", Code::INVALID_ARGUMENT);
}

TEST_F(ControllerServiceTest, ListsWhatItCanWhilePlacesAreDown) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-2");
  (*request.mutable_parameters())["backend"] = "slow";
  const std::string id = Create(request).volume_id();
  fast_.TakeDown("place-a");
  EXPECT_EQ(List().entries_size(), 1);
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("unreachable=fast:place-a")));
  fast_.TakeDown("place-b");
  EXPECT_EQ(List().entries(0).volume().volume_id(), id);
}

// --- ControllerGetVolume, GetCapacity, ControllerExpandVolume ---

TEST_F(ControllerServiceTest, GetsTheSameVolumeThatWasMade) {
  const ::csi::v1::Volume volume = Create(CreateRequest("pvc-1"));
  const auto reply = Get(volume.volume_id());
  EXPECT_TRUE(MessageDifferencer::Equals(reply.volume(), volume));
  EXPECT_TRUE(reply.has_status());
  Get("", Code::INVALID_ARGUMENT);
  Get("fake", Code::NOT_FOUND);
}

TEST_F(ControllerServiceTest, MeasuresTheRoomOfTheBackendAskedFor) {
  fast_.SetRoom("place-a", 5 * kGiB);
  fast_.SetRoom("place-b", 3 * kGiB);
  ::csi::v1::GetCapacityRequest request;
  const auto capacity = Send(&Stub::GetCapacity, request);
  EXPECT_EQ(capacity.available_capacity(), 8 * kGiB);
  EXPECT_EQ(capacity.maximum_volume_size().value(), 5 * kGiB);
  EXPECT_TRUE(capacity.has_minimum_volume_size());
  (*request.mutable_parameters())["backend"] = "lost";
  Send(&Stub::GetCapacity, request, Code::INVALID_ARGUMENT);
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

TEST_F(ControllerServiceTest, ExpandFollowsTheTable) {
  Expand("", kGiB, Code::INVALID_ARGUMENT);
  Expand("fake", kGiB, Code::NOT_FOUND);
  Expand("fast:place-a:1", kGiB, Code::NOT_FOUND);
  Expand(Created("pvc-1"), std::int64_t{1} << 60, Code::OUT_OF_RANGE);
}

}  // namespace
}  // namespace nvmeof::csi
