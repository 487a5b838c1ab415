#include "csi/controller_requests.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/words.h"
#include "tests/csi/request_rows.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::csi {
namespace {

using ::nvmeof::testing::ExpectRows;
using ::nvmeof::testing::kInvalid;
using ::nvmeof::testing::kOk;
using ::nvmeof::testing::kOutOfRange;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;
using Mode = ::csi::v1::VolumeCapability::AccessMode;

constexpr auto kAborted = absl::StatusCode::kAborted;

void MakeMount(::csi::v1::VolumeCapability& capability, Mode::Mode mode) {
  capability.mutable_mount();
  capability.mutable_access_mode()->set_mode(mode);
}

::csi::v1::CreateVolumeRequest ValidCreate() {
  ::csi::v1::CreateVolumeRequest request;
  request.set_name("pvc-1");
  MakeMount(*request.add_volume_capabilities(), Mode::SINGLE_NODE_WRITER);
  request.mutable_capacity_range()->set_required_bytes(1 << 30);
  return request;
}

TEST(ParseCreateVolumeTest, FollowsTheTable) {
  using Request = ::csi::v1::CreateVolumeRequest;
  ExpectRows<Request>(
      ValidCreate(), ParseCreateVolume,
      {{"C1 no name", [](auto& r) { r.clear_name(); }, kInvalid},
       {"C1 no capability", [](auto& r) { r.clear_volume_capabilities(); }, kInvalid},
       {"C1 no access type", [](auto& r) { r.mutable_volume_capabilities(0)->clear_access_type(); },
        kInvalid},
       {"C1 no access mode", [](auto& r) { r.mutable_volume_capabilities(0)->clear_access_mode(); },
        kInvalid},
       {"C4 snapshot source",
        [](auto& r) {
          r.mutable_volume_content_source()->mutable_snapshot()->set_snapshot_id("s");
        },
        kInvalid},
       {"C4 volume source",
        [](auto& r) { r.mutable_volume_content_source()->mutable_volume()->set_volume_id("v"); },
        kInvalid},
       {"C4 file system of several writers",
        [](auto& r) {
          MakeMount(*r.mutable_volume_capabilities(0), Mode::MULTI_NODE_MULTI_WRITER);
        },
        kInvalid},
       {"C6 topology", [](auto& r) { r.mutable_accessibility_requirements()->add_requisite(); },
        kOk},
       {"C7 required over limit", [](auto& r) { r.mutable_capacity_range()->set_limit_bytes(1); },
        kOutOfRange},
       {"C7 negative size", [](auto& r) { r.mutable_capacity_range()->set_required_bytes(-1); },
        kInvalid},
       {"C7 empty range", [](auto& r) { r.mutable_capacity_range()->Clear(); }, kInvalid},
       {"C9 no range", [](auto& r) { r.clear_capacity_range(); }, kOk},
       {"C10 mutable parameters, which are not announced",
        [](auto& r) { (*r.mutable_mutable_parameters())["ioPolicy"] = "numa"; }, kInvalid},
       {"C10 unknown key", [](auto& r) { (*r.mutable_parameters())["colour"] = "red"; }, kInvalid},
       {"C10 bad value", [](auto& r) { (*r.mutable_parameters())["ctrlLossTmo"] = "soon"; },
        kInvalid},
       {"C11 one of two capabilities is not offered",
        [](auto& r) { MakeMount(*r.add_volume_capabilities(), Mode::MULTI_NODE_SINGLE_WRITER); },
        kInvalid},
       {"name of 128 bytes", [](auto& r) { r.set_name(std::string(128, 'x')); }, kOk},
       {"name of 129 bytes", [](auto& r) { r.set_name(std::string(129, 'x')); }, kInvalid},
       {"control character in the name", [](auto& r) { r.set_name("a\x01"); }, kInvalid},
       {"secrets are accepted", [](auto& r) { (*r.mutable_secrets())["user"] = "x"; }, kOk},
       {"bad secret key", [](auto& r) { (*r.mutable_secrets())["a b"] = "x"; }, kInvalid}});
}

TEST(ParseCreateVolumeTest, FillsTheBackendsRequest) {
  ::csi::v1::CreateVolumeRequest request = ValidCreate();
  request.mutable_capacity_range()->set_limit_bytes(2 << 29);
  (*request.mutable_parameters())["backend"] = "fast";
  (*request.mutable_parameters())["provisioning"] = "thick";
  const absl::StatusOr<CreateArguments> parsed = ParseCreateVolume(request);
  ASSERT_OK(parsed);
  EXPECT_EQ(parsed->backend, "fast");
  EXPECT_EQ(parsed->request.name, "pvc-1");
  EXPECT_EQ(parsed->request.size.required_bytes, 1 << 30);
  EXPECT_EQ(parsed->request.size.limit_bytes, 1 << 30);
  EXPECT_EQ(parsed->request.provisioning, volume::Provisioning::kThick);
}

TEST(ParseCreateVolumeTest, PutsTheAttachPolicyInTheContextAndNoSecret) {
  ::csi::v1::CreateVolumeRequest request = ValidCreate();
  (*request.mutable_parameters())["minPaths"] = "2";
  (*request.mutable_secrets())["password"] = "hunter2";
  const volume::StringMap context = ParseCreateVolume(request)->request.context;
  EXPECT_THAT(context, ::testing::Contains(::testing::Pair("minPaths", "2")));
  EXPECT_THAT(context, Not(::testing::Contains(::testing::Pair("password", "hunter2"))));
}

std::string FingerprintOf(const volume::StringMap& parameters) {
  ::csi::v1::CreateVolumeRequest request = ValidCreate();
  for (const auto& [key, value] : parameters) (*request.mutable_parameters())[key] = value;
  return ParseCreateVolume(request)->request.fingerprint;
}

// The texts are stored with volumes, so they may never change.
TEST(ParseCreateVolumeTest, KeepsTheFormOfTheFingerprint) {
  EXPECT_EQ(FingerprintOf({}), "{}");
  EXPECT_EQ(FingerprintOf({{"minPaths", "2"}, {"backend", "fast"}}), "{backend=fast, minPaths=2}");
}

TEST(ParseCreateVolumeTest, LeavesTheSidecarsKeysOutOfTheFingerprint) {
  EXPECT_EQ(FingerprintOf({{"csi.storage.k8s.io/pvc/name", "data"}, {"minPaths", "2"}}),
            FingerprintOf({{"minPaths", "2"}}));
}

TEST(ParseDeleteVolumeTest, FollowsTheTable) {
  using Request = ::csi::v1::DeleteVolumeRequest;
  Request valid;
  valid.set_volume_id("fast:a:1");
  ExpectRows<Request>(
      valid, ParseDeleteVolume,
      {{"D1 no id", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"D2 foreign id", [](auto& r) { r.set_volume_id("fake"); }, kOk},
       {"long id", [](auto& r) { r.set_volume_id(std::string(129, 'x')); }, kInvalid}});
}

TEST(ParseGetVolumeTest, WantsAnId) {
  EXPECT_THAT(ParseGetVolume({}), StatusIs(kInvalid, HasSubstr("volume_id")));
}

::csi::v1::ControllerPublishVolumeRequest ValidPublish() {
  ::csi::v1::ControllerPublishVolumeRequest request;
  request.set_volume_id("fast:a:1");
  request.set_node_id("nqn.2014-08.org.nvmexpress:uuid:1");
  MakeMount(*request.mutable_volume_capability(), Mode::SINGLE_NODE_WRITER);
  return request;
}

TEST(ParsePublishVolumeTest, FollowsTheTable) {
  using Request = ::csi::v1::ControllerPublishVolumeRequest;
  ExpectRows<Request>(
      ValidPublish(), ParsePublishVolume,
      {{"P1 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"P1 no node", [](auto& r) { r.clear_node_id(); }, kInvalid},
       {"P1 no capability", [](auto& r) { r.clear_volume_capability(); }, kInvalid},
       {"P1 no access type", [](auto& r) { r.mutable_volume_capability()->clear_access_type(); },
        kInvalid},
       {"P1 no access mode", [](auto& r) { r.mutable_volume_capability()->clear_access_mode(); },
        kInvalid},
       {"P2 strange ids are looked up later",
        [](auto& r) {
          r.set_volume_id("fake");
          r.set_node_id("fake");
        },
        kOk},
       {"P7 readonly", [](auto& r) { r.set_readonly(true); }, kInvalid},
       {"unsupported capability",
        [](auto& r) { r.mutable_volume_capability()->mutable_mount()->set_fs_type("ntfs"); },
        kInvalid},
       {"node id of 256 bytes", [](auto& r) { r.set_node_id(std::string(256, 'x')); }, kOk},
       {"large context",
        [](auto& r) { (*r.mutable_volume_context())["k"] = std::string(4096, 'x'); }, kInvalid}});
}

TEST(ParseUnpublishVolumeTest, FollowsTheTable) {
  using Request = ::csi::v1::ControllerUnpublishVolumeRequest;
  Request valid;
  valid.set_volume_id("fast:a:1");
  valid.set_node_id("nqn.2014-08.org.nvmexpress:uuid:1");
  ExpectRows<Request>(valid, ParseUnpublishVolume,
                      {{"U1 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
                       {"U1 no node means all", [](auto& r) { r.clear_node_id(); }, kOk}});
}

TEST(ParseListVolumesTest, FollowsTheTable) {
  using Request = ::csi::v1::ListVolumesRequest;
  ExpectRows<Request>(
      {}, ParseListVolumes,
      {{"L1 negative", [](auto& r) { r.set_max_entries(-1); }, kInvalid},
       {"L2 bad token", [](auto& r) { r.set_starting_token("invalid-token"); }, kAborted},
       {"L3 our token", [](auto& r) { r.set_starting_token("fast:a:1"); }, kOk}});
}

TEST(ParseListVolumesTest, BeginsAfterTheTokensVolume) {
  ::csi::v1::ListVolumesRequest request;
  request.set_max_entries(3);
  request.set_starting_token("fast:a:1");
  const absl::StatusOr<ListArguments> parsed = ParseListVolumes(request);
  ASSERT_OK(parsed);
  EXPECT_EQ(parsed->max_entries, 3U);
  EXPECT_EQ(parsed->after, (volume::VolumeId{"fast", "a", "1"}));
}

TEST(ParseGetCapacityTest, FollowsTheTable) {
  using Request = ::csi::v1::GetCapacityRequest;
  ExpectRows<Request>(
      {}, ParseGetCapacity,
      {{"GC1 parameters", [](auto& r) { (*r.mutable_parameters())["backend"] = "fast"; }, kOk},
       {"GC1 unknown parameter", [](auto& r) { (*r.mutable_parameters())["colour"] = "red"; },
        kInvalid},
       {"GC1 unsupported capability",
        [](auto& r) { MakeMount(*r.add_volume_capabilities(), Mode::MULTI_NODE_MULTI_WRITER); },
        kInvalid},
       {"GC1 malformed capability", [](auto& r) { r.add_volume_capabilities(); }, kInvalid},
       {"GC1 empty topology", [](auto& r) { r.mutable_accessible_topology(); }, kOk},
       {"GC1 topology",
        [](auto& r) { (*r.mutable_accessible_topology()->mutable_segments())["zone"] = "a"; },
        kOk}});
}

TEST(ParseExpandVolumeTest, FollowsTheTable) {
  using Request = ::csi::v1::ControllerExpandVolumeRequest;
  Request valid;
  valid.set_volume_id("fast:a:1");
  valid.mutable_capacity_range()->set_required_bytes(2);
  ExpectRows<Request>(
      valid, ParseExpandVolume,
      {{"E1 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"E1 no range", [](auto& r) { r.clear_capacity_range(); }, kInvalid},
       {"E1 empty range", [](auto& r) { r.mutable_capacity_range()->Clear(); }, kInvalid},
       {"E2 unsupported capability",
        [](auto& r) { MakeMount(*r.mutable_volume_capability(), Mode::MULTI_NODE_MULTI_WRITER); },
        kInvalid},
       {"E2 malformed capability", [](auto& r) { r.mutable_volume_capability(); }, kInvalid},
       {"E5 over the limit", [](auto& r) { r.mutable_capacity_range()->set_limit_bytes(1); },
        kOutOfRange}});
}

::csi::v1::ValidateVolumeCapabilitiesRequest ValidValidate() {
  ::csi::v1::ValidateVolumeCapabilitiesRequest request;
  request.set_volume_id("fast:a:1");
  MakeMount(*request.add_volume_capabilities(), Mode::SINGLE_NODE_WRITER);
  return request;
}

TEST(ParseValidateCapabilitiesTest, FollowsTheTable) {
  using Request = ::csi::v1::ValidateVolumeCapabilitiesRequest;
  ExpectRows<Request>(
      ValidValidate(), ParseValidateCapabilities,
      {{"V1 no volume", [](auto& r) { r.clear_volume_id(); }, kInvalid},
       {"V1 no capabilities", [](auto& r) { r.clear_volume_capabilities(); }, kInvalid},
       {"V1 no access mode", [](auto& r) { r.mutable_volume_capabilities(0)->clear_access_mode(); },
        kInvalid},
       {"V4 not offered is no error",
        [](auto& r) {
          MakeMount(*r.mutable_volume_capabilities(0), Mode::MULTI_NODE_MULTI_WRITER);
        },
        kOk}});
}

backend::Volume MinPaths2() {
  return {{"fast", "a", "1"},
          "pvc-1",
          1 << 30,
          "{minPaths=2}",
          {{"minPaths", "2"}},
          {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:1"), {}, {}, 0},
          {}};
}

TEST(CompareWithVolumeTest, FollowsTheTable) {
  using Request = ::csi::v1::ValidateVolumeCapabilitiesRequest;
  const backend::Volume volume = MinPaths2();
  struct CompareRow {
    std::string name;
    std::function<void(Request&)> change;
    bool confirmed;
  };
  const CompareRow rows[] = {
      {"V3 capability alone", [](auto&) {}, true},
      {"V3 same context", [](auto& r) { (*r.mutable_volume_context())["minPaths"] = "2"; }, true},
      {"V3 same parameters", [](auto& r) { (*r.mutable_parameters())["minPaths"] = "2"; }, true},
      {"V4 not offered",
       [](auto& r) { MakeMount(*r.mutable_volume_capabilities(0), Mode::MULTI_NODE_MULTI_WRITER); },
       false},
      {"V4 other context", [](auto& r) { (*r.mutable_volume_context())["minPaths"] = "1"; }, false},
      {"V4 other parameters", [](auto& r) { (*r.mutable_parameters())["minPaths"] = "1"; }, false},
      {"V4 mutable parameters",
       [](auto& r) { (*r.mutable_mutable_parameters())["ioPolicy"] = "numa"; }, false},
  };
  for (const CompareRow& row : rows) {
    Request request = ValidValidate();
    row.change(request);
    EXPECT_EQ(CompareWithVolume(request, volume).ok(), row.confirmed) << row.name;
  }
}

TEST(CompareWithVolumeTest, KnowsParametersByTheirDigest) {
  backend::Volume volume = MinPaths2();
  volume.fingerprint = backend::DigestOf(volume.fingerprint);
  volume.context.clear();
  ::csi::v1::ValidateVolumeCapabilitiesRequest request = ValidValidate();
  (*request.mutable_parameters())["minPaths"] = "2";
  (*request.mutable_volume_context())["minPaths"] = "2";
  EXPECT_OK(CompareWithVolume(request, volume));
  (*request.mutable_parameters())["minPaths"] = "1";
  EXPECT_THAT(CompareWithVolume(request, volume), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace nvmeof::csi
