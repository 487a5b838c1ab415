#include "csi/node_requests.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/csi/request_rows.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::csi {
namespace {

using ::nvmeof::testing::ExpectRows;
using ::nvmeof::testing::kInvalid;
using ::nvmeof::testing::kOk;
using ::nvmeof::testing::kOutOfRange;
using Mode = ::csi::v1::VolumeCapability::AccessMode;

constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;

void MakeBlock(::csi::v1::VolumeCapability& capability, Mode::Mode mode) {
  capability.mutable_block();
  capability.mutable_access_mode()->set_mode(mode);
}

::csi::v1::NodeStageVolumeRequest ValidStage() {
  ::csi::v1::NodeStageVolumeRequest request;
  request.set_volume_id("any id at all");
  request.set_staging_target_path("/staging");
  MakeBlock(*request.mutable_volume_capability(), Mode::SINGLE_NODE_WRITER);
  (*request.mutable_publish_context())["nqn"] = "nqn.2026-01.dev.nvmeof:1";
  (*request.mutable_volume_context())["minPaths"] = "2";
  return request;
}

TEST(ParseStageTest, FollowsTheTable) {
  using Request = ::csi::v1::NodeStageVolumeRequest;
  ExpectRows<Request>(
      ValidStage(), ParseStage,
      {{"N1 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"N1 no path", [](auto& r) { r.clear_staging_target_path(); }, kInvalid},
       {"N1 no capability", [](auto& r) { r.clear_volume_capability(); }, kInvalid},
       {"N1 no access type", [](auto& r) { r.mutable_volume_capability()->clear_access_type(); },
        kInvalid},
       {"N1 no access mode", [](auto& r) { r.mutable_volume_capability()->clear_access_mode(); },
        kInvalid},
       {"relative path", [](auto& r) { r.set_staging_target_path("staging"); }, kInvalid},
       {"path that climbs", [](auto& r) { r.set_staging_target_path("/a/../b"); }, kInvalid},
       {"unsupported file system",
        [](auto& r) { r.mutable_volume_capability()->mutable_mount()->set_fs_type("ntfs"); },
        kInvalid},
       {"large context",
        [](auto& r) { (*r.mutable_publish_context())["k"] = std::string(4096, 'x'); }, kInvalid},
       {"secrets are accepted", [](auto& r) { (*r.mutable_secrets())["user"] = "x"; }, kOk},
       {"a key that is none", [](auto& r) { (*r.mutable_secrets())["dhchapSecret"] = "x"; },
        kInvalid}});
}

TEST(ParseStageTest, TakesTheKeysFromTheSecrets) {
  constexpr char kKey[] = "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:";
  ::csi::v1::NodeStageVolumeRequest request = ValidStage();
  EXPECT_FALSE(ParseStage(request)->keys.has_value());
  (*request.mutable_secrets())["dhchapSecret"] = kKey;
  EXPECT_EQ(ParseStage(request)->keys->host.text(), kKey);
}

// attachRequired: false, and a PersistentVolume that was written by hand.
TEST(ParseStageTest, AVolumeThatNobodyAttachedSaysItselfWhereItIs) {
  ::csi::v1::NodeStageVolumeRequest request = ValidStage();
  request.clear_publish_context();
  EXPECT_THAT(ParseStage(request)->publish_context, ::testing::IsEmpty());
  auto& context = *request.mutable_volume_context();
  context["nqn"] = "nqn.2026-01.dev.nvmeof:1";
  context["nsid"] = "7";
  EXPECT_EQ(ParseStage(request).status().code(), kInvalid);
  context["portals"] = "192.0.2.1";
  EXPECT_THAT(ParseStage(request)->publish_context,
              ::testing::UnorderedElementsAre(::testing::Pair("nqn", "nqn.2026-01.dev.nvmeof:1"),
                                              ::testing::Pair("nsid", "7"),
                                              ::testing::Pair("portals", "tcp://192.0.2.1:4420")));
  (*request.mutable_publish_context())["nqn"] = "nqn.2026-01.dev.nvmeof:2";
  EXPECT_THAT(ParseStage(request)->publish_context,
              ::testing::ElementsAre(::testing::Pair("nqn", "nqn.2026-01.dev.nvmeof:2")))
      << "what the controller says comes first";
}

TEST(ParseStageTest, KeepsWhatTheStagerNeeds) {
  const absl::StatusOr<node::StageRequest> parsed = ParseStage(ValidStage());
  ASSERT_OK(parsed);
  EXPECT_EQ(parsed->volume_id, "any id at all");
  EXPECT_EQ(parsed->staging_path, "/staging");
  EXPECT_TRUE(parsed->capability.block);
  EXPECT_EQ(parsed->publish_context.at("nqn"), "nqn.2026-01.dev.nvmeof:1");
  EXPECT_EQ(parsed->volume_context.at("minPaths"), "2");
}

TEST(ParseUnstageTest, FollowsTheTable) {
  using Request = ::csi::v1::NodeUnstageVolumeRequest;
  Request valid;
  valid.set_volume_id("vol");
  valid.set_staging_target_path("/staging");
  ExpectRows<Request>(
      valid, ParseUnstage,
      {{"N7 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"N7 no path", [](auto& r) { r.clear_staging_target_path(); }, kInvalid},
       {"relative path", [](auto& r) { r.set_staging_target_path("staging"); }, kInvalid}});
}

::csi::v1::NodePublishVolumeRequest ValidNodePublish() {
  ::csi::v1::NodePublishVolumeRequest request;
  request.set_volume_id("vol");
  request.set_staging_target_path("/staging");
  request.set_target_path("/target");
  MakeBlock(*request.mutable_volume_capability(), Mode::SINGLE_NODE_WRITER);
  return request;
}

TEST(ParsePublishTest, FollowsTheTable) {
  using Request = ::csi::v1::NodePublishVolumeRequest;
  ExpectRows<Request>(
      ValidNodePublish(), ParsePublish,
      {{"N10 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"N10 no path", [](auto& r) { r.clear_target_path(); }, kInvalid},
       {"N10 no capability", [](auto& r) { r.clear_volume_capability(); }, kInvalid},
       {"N10 no access mode", [](auto& r) { r.mutable_volume_capability()->clear_access_mode(); },
        kInvalid},
       {"N11 no staging path", [](auto& r) { r.clear_staging_target_path(); }, kFailedPrecondition},
       {"relative path", [](auto& r) { r.set_target_path("target"); }, kInvalid},
       {"relative staging path", [](auto& r) { r.set_staging_target_path("s"); }, kInvalid}});
}

TEST(ParsePublishTest, KeepsWhatThePublisherNeeds) {
  ::csi::v1::NodePublishVolumeRequest request = ValidNodePublish();
  request.set_readonly(true);
  const absl::StatusOr<node::PublishRequest> parsed = ParsePublish(request);
  ASSERT_OK(parsed);
  EXPECT_EQ(parsed->volume_id, "vol");
  EXPECT_EQ(parsed->staging_path, "/staging");
  EXPECT_EQ(parsed->target_path, "/target");
  EXPECT_TRUE(parsed->capability.block);
  EXPECT_TRUE(parsed->read_only);
}

TEST(ParseUnpublishTest, FollowsTheTable) {
  using Request = ::csi::v1::NodeUnpublishVolumeRequest;
  Request valid;
  valid.set_volume_id("vol");
  valid.set_target_path("/target");
  ExpectRows<Request>(valid, ParseUnpublish,
                      {{"N21 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
                       {"N21 no path", [](auto& r) { r.clear_target_path(); }, kInvalid},
                       {"relative path", [](auto& r) { r.set_target_path("target"); }, kInvalid}});
}

TEST(ParseGetStatsTest, FollowsTheTable) {
  using Request = ::csi::v1::NodeGetVolumeStatsRequest;
  Request valid;
  valid.set_volume_id("vol");
  valid.set_volume_path("/target");
  ExpectRows<Request>(
      valid, ParseGetStats,
      {{"N24 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"N24 no path", [](auto& r) { r.clear_volume_path(); }, kInvalid},
       {"N25 any path may be asked for", [](auto& r) { r.set_volume_path("some/path"); }, kOk}});
}

TEST(ParseExpandTest, FollowsTheTable) {
  using Request = ::csi::v1::NodeExpandVolumeRequest;
  Request valid;
  valid.set_volume_id("vol");
  valid.set_volume_path("/target");
  valid.mutable_capacity_range()->set_required_bytes(5);
  ExpectRows<Request>(
      valid, ParseExpand,
      {{"N27 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"N27 no path", [](auto& r) { r.clear_volume_path(); }, kInvalid},
       {"N28 unsupported capability",
        [](auto& r) {
          r.mutable_volume_capability()->mutable_mount();
          r.mutable_volume_capability()->mutable_access_mode()->set_mode(
              Mode::MULTI_NODE_MULTI_WRITER);
        },
        kInvalid},
       {"N29 any path may be asked for", [](auto& r) { r.set_volume_path("some/path"); }, kOk},
       {"N31 over the limit", [](auto& r) { r.mutable_capacity_range()->set_limit_bytes(4); },
        kOutOfRange},
       {"no range", [](auto& r) { r.clear_capacity_range(); }, kOk}});
}

TEST(ParseExpandTest, WantsAsMuchAsTheDiskHasWithoutARange) {
  ::csi::v1::NodeExpandVolumeRequest request;
  request.set_volume_id("vol");
  request.set_volume_path("/target");
  EXPECT_EQ(ParseExpand(request)->required_bytes, 0);
  request.mutable_capacity_range()->set_required_bytes(5);
  EXPECT_EQ(ParseExpand(request)->required_bytes, 5);
}

}  // namespace
}  // namespace nvmeof::csi
