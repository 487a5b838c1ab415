#include "target/volume_codec.h"

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;

VolumeRecord Example() {
  return {
      .state = VolumeRecord::State::kReady,
      .uuid = *volume::Uuid::Parse("4c0f9d4e-7a2b-4c1d-9e3f-0123456789ab"),
      .nguid = *volume::Uuid::Parse("aaaaaaaabbbb4ccc8dddeeeeeeeeeeee"),
      .name = "pvc-ü",
      .size_bytes = std::int64_t{5} << 30,
      .provisioning = volume::Provisioning::kThick,
      .fingerprint = "x=1",
      .context = {{"ioPolicy", "numa"}, {"minPaths", "2"}},
      .exports = {
          {*volume::Nqn::Parse("nqn.2014-08.org.example:a"), ExportMode::kMultiNode, "rw", false},
          {*volume::Nqn::Parse("nqn.2014-08.org.example:b"), ExportMode::kMultiNode, "ro", true}}};
}

std::string Changed(absl::string_view from, absl::string_view to) {
  const std::string text = EncodeRecord(Example());
  EXPECT_TRUE(absl::StrContains(text, from)) << text;
  return absl::StrReplaceAll(text, {{from, to}});
}

TEST(VolumeCodecTest, RecordSurvivesItsFile) {
  EXPECT_THAT(DecodeRecord(EncodeRecord(Example())), IsOkAndHolds(Example()));
}

TEST(VolumeCodecTest, EveryStateSurvivesItsFile) {
  for (const auto state : {VolumeRecord::State::kCreating, VolumeRecord::State::kReady,
                           VolumeRecord::State::kDeleting}) {
    VolumeRecord record = Example();
    record.state = state;
    EXPECT_THAT(DecodeRecord(EncodeRecord(record)), IsOkAndHolds(record));
  }
}

TEST(VolumeCodecTest, WhatIsNoRecordIsRefused) {
  const std::string whole = EncodeRecord(Example());
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("hello"), whole.substr(0, whole.size() / 2),
        std::string(R"({"version": 1, "state": "READY"})")}) {
    EXPECT_THAT(DecodeRecord(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(VolumeCodecTest, RecordThatContradictsItselfIsRefused) {
  const std::string other = "4c0f9d4e7a2b4c1d9e3f0123456789ac";
  for (const std::string& text :
       {Changed(R"("handle": "4c0f9d4e7a2b4c1d9e3f0123456789ab")",
                absl::StrCat(R"("handle": ")", other, "\"")),
        Changed("dev.nvmeof:4c0f9d4e7a2b4c1d9e3f0123456789ab", "dev.nvmeof:" + other),
        Changed(R"("READY")", R"("STATE_UNSPECIFIED")"), Changed(R"("5368709120")", R"("-1")"),
        Changed("PROVISIONING_THICK", "PROVISIONING_UNSPECIFIED"),
        Changed("EXPORT_MODE_MULTI_NODE", "EXPORT_MODE_UNSPECIFIED"), Changed("pvc-ü", ""),
        Changed("org.example:b", "org.example:a")}) {
    EXPECT_THAT(DecodeRecord(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(VolumeCodecTest, NewerRecordIsNotTouched) {
  EXPECT_THAT(DecodeRecord(Changed("\"version\": 1", "\"version\": 2")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(VolumeCodecTest, FieldsThatCameLaterArePassedOver) {
  EXPECT_THAT(DecodeRecord(Changed("\"version\": 1", "\"version\": 1, \"colour\": \"red\"")),
              IsOkAndHolds(Example()));
}

TEST(VolumeCodecTest, WireVolumeNamesIdentityAndPortals) {
  const v1::Volume wire = ToWire(Example(), {{"tcp", "192.0.2.1", "4420"}});
  EXPECT_EQ(wire.handle(), "4c0f9d4e7a2b4c1d9e3f0123456789ab");
  EXPECT_EQ(wire.subsystem_nqn(), "nqn.2026-01.dev.nvmeof:4c0f9d4e7a2b4c1d9e3f0123456789ab");
  EXPECT_EQ(wire.uuid(), "4c0f9d4e-7a2b-4c1d-9e3f-0123456789ab");
  EXPECT_EQ(wire.nguid(), "aaaaaaaabbbb4ccc8dddeeeeeeeeeeee");
  EXPECT_EQ(wire.nsid(), 1U);
  ASSERT_EQ(wire.portals_size(), 1);
  EXPECT_EQ(wire.portals(0).address(), "192.0.2.1");
  EXPECT_EQ(wire.exports_size(), 2);
}

TEST(VolumeCodecTest, ExportNeedsAHostAndAMode) {
  v1::Export wire;
  wire.set_host_nqn("nqn.2014-08.org.example:a");
  EXPECT_THAT(FromWire(wire), StatusIs(absl::StatusCode::kInvalidArgument));
  wire.set_mode(v1::EXPORT_MODE_SINGLE_NODE);
  EXPECT_THAT(FromWire(wire), IsOkAndHolds(Export{*volume::Nqn::Parse("nqn.2014-08.org.example:a"),
                                                  ExportMode::kSingleNode, "", false}));
  wire.set_host_nqn("somebody");
  EXPECT_THAT(FromWire(wire), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(VolumeCodecTest, HostThatWouldLeaveItsFolderIsRefused) {
  EXPECT_THAT(ParseHost("nqn.2014-08.org.example:../../ports"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(VolumeCodecTest, ProvisioningBothWays) {
  for (const auto kind : {volume::Provisioning::kBackendDefault, volume::Provisioning::kThin,
                          volume::Provisioning::kThick}) {
    EXPECT_THAT(FromWire(ToWire(kind)), IsOkAndHolds(kind));
  }
  EXPECT_THAT(FromWire(static_cast<v1::Provisioning>(77)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace nvmeof::target
