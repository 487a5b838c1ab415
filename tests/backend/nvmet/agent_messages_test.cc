#include "backend/nvmet/agent_messages.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kHandle[] = "0123456789abcdef0123456789abcdef";
constexpr char kUuid[] = "01234567-89ab-cdef-0123-456789abcdef";
constexpr char kHost[] = "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000001";

v1::Volume Message() {
  v1::Volume message;
  message.set_handle(kHandle);
  message.set_name("pvc-1");
  message.set_size_bytes(4096);
  message.set_fingerprint("words");
  (*message.mutable_context())["minPaths"] = "2";
  message.set_subsystem_nqn("nqn.2026-01.dev.nvmeof:1");
  message.set_uuid(kUuid);
  message.set_nguid("fedcba9876543210fedcba9876543210");
  message.set_nsid(1);
  v1::Portal& portal = *message.add_portals();
  portal.set_transport("tcp");
  portal.set_address("2001:db8::1");
  portal.set_service("4420");
  v1::Export& present = *message.add_exports();
  present.set_host_nqn(kHost);
  present.set_mode(v1::EXPORT_MODE_MULTI_NODE);
  present.set_fingerprint("rw");
  return message;
}

absl::StatusOr<Volume> Decoded(const v1::Volume& message) {
  return DecodeVolume(message, {"fast", "agent-a"});
}

TEST(DecodeVolumeTest, KeepsEveryField) {
  const Volume volume = Decoded(Message()).value();
  const Volume expected{.id = {"fast", "agent-a", kHandle},
                        .name = "pvc-1",
                        .size_bytes = 4096,
                        .fingerprint = "words",
                        .context = {{"minPaths", "2"}},
                        .target = {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:1"),
                                   {*volume::Uuid::Parse(kUuid),
                                    *volume::Uuid::Parse("fedcba9876543210fedcba9876543210"), 1},
                                   {{"tcp", "2001:db8::1", "4420"}},
                                   4096},
                        .exports = {{*volume::Nqn::Parse(kHost), ExportMode::kMultiNode, "rw"}}};
  EXPECT_EQ(volume, expected);
}

TEST(DecodeVolumeTest, NamesAPortalOnce) {
  v1::Volume message = Message();
  *message.add_portals() = message.portals(0);
  EXPECT_THAT(Decoded(message)->target.portals, ElementsAre(volume::Portal{"tcp", "2001:db8::1"}));
}

TEST(DecodeVolumeTest, TakesAnUnknownModeForTheExclusiveOne) {
  v1::Volume message = Message();
  message.mutable_exports(0)->set_mode(static_cast<v1::ExportMode>(7));
  EXPECT_EQ(Decoded(message)->exports.front().mode, ExportMode::kSingleNode);
}

TEST(DecodeVolumeTest, NamesTheBadField) {
  struct Row {
    const char* field;
    void (*spoil)(v1::Volume&);
  };
  const std::vector<Row> rows = {
      {"handle", [](v1::Volume& v) { v.clear_handle(); }},
      {"handle", [](v1::Volume& v) { v.set_handle("a:b"); }},
      {"handle", [](v1::Volume& v) { v.set_handle(std::string(47, 'a')); }},
      {"subsystem_nqn", [](v1::Volume& v) { v.set_subsystem_nqn("nqn.2026-01.dev:a,b"); }},
      {"uuid", [](v1::Volume& v) { v.clear_uuid(); }},
      {"nguid", [](v1::Volume& v) { v.set_nguid("00000000000000000000000000000000"); }},
      {"nsid", [](v1::Volume& v) { v.set_nsid(0); }},
      {"size_bytes", [](v1::Volume& v) { v.set_size_bytes(0); }},
      {"size_bytes", [](v1::Volume& v) { v.set_size_bytes(-1); }},
      {"portals", [](v1::Volume& v) { v.clear_portals(); }},
      {"portals", [](v1::Volume& v) { v.mutable_portals(0)->set_address("host.example"); }},
      {"portals", [](v1::Volume& v) { v.mutable_portals(0)->set_service("0"); }},
      {"exports.host_nqn", [](v1::Volume& v) { v.mutable_exports(0)->clear_host_nqn(); }}};
  for (const Row& row : rows) {
    v1::Volume message = Message();
    row.spoil(message);
    EXPECT_THAT(Decoded(message), StatusIs(absl::StatusCode::kInternal, HasSubstr(row.field)));
  }
}

TEST(DecodeVolumeTest, NamesTheVolumeOfABadField) {
  v1::Volume message = Message();
  message.set_nsid(0);
  EXPECT_THAT(Decoded(message), StatusIs(absl::StatusCode::kInternal, HasSubstr(kHandle)));
}

TEST(DecodeCapacityTest, KeepsEveryNumber) {
  v1::GetAgentResponse message;
  message.set_available_bytes(300);
  message.set_maximum_volume_bytes(200);
  message.set_minimum_volume_bytes(100);
  const Capacity capacity = DecodeCapacity(message).value();
  EXPECT_EQ(capacity.available_bytes, 300);
  EXPECT_EQ(capacity.maximum_volume_bytes, 200);
  EXPECT_EQ(capacity.minimum_volume_bytes, 100);
}

TEST(DecodeCapacityTest, RefusesNegativeNumbers) {
  v1::GetAgentResponse message;
  message.set_available_bytes(-1);
  EXPECT_THAT(DecodeCapacity(message), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace nvmeof::backend
