#include "csi/volumes.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/csi/controller_world.h"

namespace nvmeof::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Code = grpc::StatusCode;

// Through the service's socket: the table's rows are about what a caller sees.
using VolumesTest = ControllerWorld;

TEST_F(VolumesTest, MakesWhatWasAskedFor) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
  (*request.mutable_parameters())["backend"] = "slow";
  (*request.mutable_parameters())["minPaths"] = "2";
  const ::csi::v1::Volume volume = Create(request);
  EXPECT_THAT(volume.volume_id(), ::testing::StartsWith("slow:"));
  EXPECT_EQ(volume.capacity_bytes(), kGiB);
  EXPECT_EQ(volume.volume_context().at("minPaths"), "2");
  EXPECT_FALSE(volume.has_content_source());
}

TEST_F(VolumesTest, CreateFollowsTheTable) {
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

TEST_F(VolumesTest, MakesExactlyTheSizeWhenRequiredIsTheLimit) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
  request.mutable_capacity_range()->set_limit_bytes(kGiB);
  EXPECT_EQ(Create(request).capacity_bytes(), kGiB);
}

TEST_F(VolumesTest, SaysWhenThereIsNoRoom) {
  fast_->SetRoom("place-a", 0);
  fast_->SetRoom("place-b", 0);
  Create(CreateRequest("pvc-1"), Code::RESOURCE_EXHAUSTED);
}

TEST_F(VolumesTest, DeleteFollowsTheTable) {
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

TEST_F(VolumesTest, RefusesToDeleteAnExportedVolume) {
  const std::string id = Created("pvc-1");
  Publish(PublishRequest(id, kHostA));
  Delete(id, Code::FAILED_PRECONDITION);
  EXPECT_THAT(message_, HasSubstr(kHostA));
  Unpublish(id, kHostA);
  Delete(id);
  Get(id, Code::NOT_FOUND);
}

TEST_F(VolumesTest, PublishFollowsTheTable) {
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
       [](auto& r) { *r.mutable_volume_capability() = Block(AccessMode::SINGLE_NODE_READER_ONLY); },
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

::csi::v1::ControllerPublishVolumeRequest PublishByHand() {
  ::csi::v1::ControllerPublishVolumeRequest request =
      PublishRequest("nqn.2010-06.com.array:db1", kHostA);
  auto& context = *request.mutable_volume_context();
  context["nqn"] = "nqn.2010-06.com.array:1";
  context["portals"] = "192.0.2.1,192.0.2.2";
  context["uuid"] = "4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f70";
  context["minPaths"] = "2";
  return request;
}

TEST_F(VolumesTest, AVolumeWrittenByHandIsWhereItsContextSays) {
  const auto context = Publish(PublishByHand());
  EXPECT_EQ(context.at("nqn"), "nqn.2010-06.com.array:1");
  EXPECT_EQ(context.at("portals"), "tcp://192.0.2.1:4420,tcp://192.0.2.2:4420");
  EXPECT_EQ(context.at("uuid"), "4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f70");
  EXPECT_FALSE(context.contains("minPaths"));
  Unpublish("nqn.2010-06.com.array:db1", kHostA);
  Delete("nqn.2010-06.com.array:db1");
}

TEST_F(VolumesTest, PublishByHandFollowsTheTable) {
  struct Row {
    std::string name;
    std::function<void(::csi::v1::ControllerPublishVolumeRequest&)> change;
    Code code;
  };
  const Row rows[] = {
      {"P2 no such node", [](auto& r) { r.set_node_id("fake-node"); }, Code::NOT_FOUND},
      {"a key is missing", [](auto& r) { r.mutable_volume_context()->erase("portals"); },
       Code::INVALID_ARGUMENT},
      {"an unknown key", [](auto& r) { (*r.mutable_volume_context())["portal"] = "192.0.2.1"; },
       Code::INVALID_ARGUMENT},
      {"a wrong policy", [](auto& r) { (*r.mutable_volume_context())["minPaths"] = "0"; },
       Code::INVALID_ARGUMENT},
      {"the id of a backend's volume", [](auto& r) { r.set_volume_id("fast:place-a:1"); },
       Code::INVALID_ARGUMENT},
  };
  for (const Row& row : rows) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, row.name);
    ::csi::v1::ControllerPublishVolumeRequest request = PublishByHand();
    row.change(request);
    Publish(request, row.code);
  }
}

TEST_F(VolumesTest, NamesTheNodeThatHasTheVolume) {
  const std::string id = Created("pvc-1");
  Publish(PublishRequest(id, kHostA));
  Publish(PublishRequest(id, kHostB), Code::FAILED_PRECONDITION);
  EXPECT_THAT(message_, HasSubstr(kHostA));
}

TEST_F(VolumesTest, LetsSeveralNodesInWhenAllOfThemShare) {
  const std::string id = Created("pvc-1");
  ::csi::v1::ControllerPublishVolumeRequest request = PublishRequest(id, kHostA);
  *request.mutable_volume_capability() = Block(AccessMode::MULTI_NODE_MULTI_WRITER);
  Publish(request);
  request.set_node_id(kHostB);
  Publish(request);
  EXPECT_THAT(NodesOf(id), UnorderedElementsAre(kHostA, kHostB));
}

TEST_F(VolumesTest, TheBackendHearsWhichKeyTheNodeHas) {
  constexpr char kKey[] = "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:";
  ::csi::v1::ControllerPublishVolumeRequest request = PublishRequest(Created("pvc-1"), kHostA);
  (*request.mutable_secrets())["dhchapSecret"] = "secret-but-no-key";
  Publish(request, Code::INVALID_ARGUMENT);
  EXPECT_THAT(message_, Not(HasSubstr("secret-but-no-key")));
  (*request.mutable_secrets())["dhchapSecret"] = kKey;
  Publish(request);
  ASSERT_TRUE(fast_->last_keys().has_value());
  EXPECT_EQ(fast_->last_keys()->host.text(), kKey);

  ::csi::v1::CreateVolumeRequest create = CreateRequest("pvc-2");
  (*create.mutable_parameters())["backend"] = "plain";
  request.set_volume_id(Create(create).volume_id());
  Publish(request, Code::INVALID_ARGUMENT);
  EXPECT_THAT(message_, HasSubstr("backend 'plain' takes no dhchapSecret"));
}

TEST_F(VolumesTest, UnpublishFollowsTheTable) {
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

TEST_F(VolumesTest, WithoutANodeAllLoseTheirAccess) {
  const std::string id = Created("pvc-1");
  ::csi::v1::ControllerPublishVolumeRequest request = PublishRequest(id, kHostA);
  *request.mutable_volume_capability() = Block(AccessMode::MULTI_NODE_MULTI_WRITER);
  Publish(request);
  request.set_node_id(kHostB);
  Publish(request);
  Unpublish(id, "");
  EXPECT_THAT(NodesOf(id), IsEmpty());
}

TEST_F(VolumesTest, APlaceThatIsDownIsUnavailable) {
  const std::string id = Created("pvc-1");
  fast_->TakeDown("place-a");
  fast_->TakeDown("place-b");
  Publish(PublishRequest(id, kHostA), Code::UNAVAILABLE);
  Unpublish(id, kHostA, Code::UNAVAILABLE);
  Delete(id, Code::UNAVAILABLE);
  Get(id, Code::UNAVAILABLE);
}

TEST_F(VolumesTest, ListsAllVolumesOfAllBackendsWithTheirNodes) {
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

TEST_F(VolumesTest, PagesMeetEveryVolumeOnce) {
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

TEST_F(VolumesTest, ATokenOutlivesItsVolume) {
  for (int i = 0; i < 4; ++i) Created("pvc-" + std::to_string(i));
  const ::csi::v1::ListVolumesResponse all = List();
  const std::string token = List(2).next_token();
  Delete(all.entries(1).volume().volume_id());
  const ::csi::v1::ListVolumesResponse rest = List(0, token);
  ASSERT_EQ(rest.entries_size(), 2);
  EXPECT_EQ(rest.entries(0).volume().volume_id(), all.entries(2).volume().volume_id());
}

TEST_F(VolumesTest, RefusesAForeignTokenAndANegativeNumber) {
  List(0, "invalid-token", Code::ABORTED);
  List(-1, "", Code::INVALID_ARGUMENT);
}

TEST_F(VolumesTest, ListsWhatItCanWhilePlacesAreDown) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-2");
  (*request.mutable_parameters())["backend"] = "slow";
  const std::string id = Create(request).volume_id();
  fast_->TakeDown("place-a");
  EXPECT_EQ(List().entries_size(), 1);
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("unreachable=fast:place-a")));
  fast_->TakeDown("place-b");
  EXPECT_EQ(List().entries(0).volume().volume_id(), id);
}

TEST_F(VolumesTest, MeasuresTheRoomOfTheBackendAskedFor) {
  fast_->SetRoom("place-a", 5 * kGiB);
  fast_->SetRoom("place-b", 3 * kGiB);
  ::csi::v1::GetCapacityRequest request;
  const auto capacity = Send(&Stub::GetCapacity, request);
  EXPECT_EQ(capacity.available_capacity(), 8 * kGiB);
  EXPECT_EQ(capacity.maximum_volume_size().value(), 5 * kGiB);
  EXPECT_TRUE(capacity.has_minimum_volume_size());
  (*request.mutable_parameters())["backend"] = "lost";
  Send(&Stub::GetCapacity, request, Code::INVALID_ARGUMENT);
}

TEST_F(VolumesTest, NamesTheBackendThatCannotMeasure) {
  ::csi::v1::GetCapacityRequest request;
  (*request.mutable_parameters())["backend"] = "plain";
  Send(&Stub::GetCapacity, request, Code::UNIMPLEMENTED);
  EXPECT_THAT(message_, HasSubstr("backend 'plain'"));
}

TEST_F(VolumesTest, NamesTheBackendThatLetsOneNodeInAtATime) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
  (*request.mutable_parameters())["backend"] = "plain";
  *request.add_volume_capabilities() = Block(AccessMode::MULTI_NODE_MULTI_WRITER);
  Create(request, Code::INVALID_ARGUMENT);
  EXPECT_THAT(message_, HasSubstr("backend 'plain'"));
  EXPECT_THAT(List().entries(), IsEmpty());

  request.mutable_volume_capabilities()->RemoveLast();
  const std::string id = Create(request).volume_id();
  ::csi::v1::ControllerPublishVolumeRequest publish = PublishRequest(id, kHostA);
  *publish.mutable_volume_capability() = Block(AccessMode::MULTI_NODE_READER_ONLY);
  Publish(publish, Code::INVALID_ARGUMENT);
  EXPECT_THAT(message_, HasSubstr("backend 'plain'"));
  EXPECT_THAT(NodesOf(id), IsEmpty());

  ::csi::v1::ValidateVolumeCapabilitiesRequest validate;
  validate.set_volume_id(id);
  *validate.add_volume_capabilities() = publish.volume_capability();
  const auto verdict = Send(&Stub::ValidateVolumeCapabilities, validate);
  EXPECT_FALSE(verdict.has_confirmed());
  EXPECT_THAT(verdict.message(), HasSubstr("backend 'plain'"));
}

TEST_F(VolumesTest, ExpandFollowsTheTable) {
  Expand("", kGiB, Code::INVALID_ARGUMENT);
  Expand("fake", kGiB, Code::NOT_FOUND);
  Expand("fast:place-a:1", kGiB, Code::NOT_FOUND);
  Expand(Created("pvc-1"), std::int64_t{1} << 60, Code::OUT_OF_RANGE);
}

TEST_F(VolumesTest, ASilentBackendLeavesTimeForTheOthers) {
  ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-2");
  (*request.mutable_parameters())["backend"] = "slow";
  Create(request);
  gate_->Silence();
  EXPECT_EQ(List().entries_size(), 1);
}

}  // namespace
}  // namespace nvmeof::testing
