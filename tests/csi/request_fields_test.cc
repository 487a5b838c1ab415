#include "csi/request_fields.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/csi/request_rows.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::csi {
namespace {

using ::csi::v1::NodePublishVolumeRequest;
using ::nvmeof::testing::kInvalid;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// One row per limit: as much as is allowed, then one byte more.
struct LimitRow {
  std::string name;
  std::size_t limit;
  std::function<void(NodePublishVolumeRequest&, std::string)> set;
};

class LimitTest : public ::testing::TestWithParam<LimitRow> {
 protected:
  static absl::Status Check(std::size_t size) {
    NodePublishVolumeRequest request;
    GetParam().set(request, std::string(size, 'x'));
    return CheckLimits(request);
  }
};

TEST_P(LimitTest, TakesTheLimit) { EXPECT_OK(Check(GetParam().limit)); }

TEST_P(LimitTest, RefusesOneByteMore) {
  EXPECT_THAT(Check(GetParam().limit + 1), StatusIs(kInvalid));
}

INSTANTIATE_TEST_SUITE_P(
    RequestFieldsTest, LimitTest,
    ::testing::Values(
        LimitRow{"string", 128, [](auto& r, auto text) { r.set_volume_id(text); }},
        LimitRow{"path", 4095, [](auto& r, auto text) { r.set_target_path(text); }},
        LimitRow{"map", 4096, [](auto& r, auto text) { (*r.mutable_volume_context())[""] = text; }},
        LimitRow{"secrets", 4096,
                 [](auto& r, auto text) { (*r.mutable_secrets())["k"] = text.substr(1); }},
        LimitRow{"nested string", 128,
                 [](auto& r, auto text) {
                   r.mutable_volume_capability()->mutable_mount()->set_fs_type(text);
                 }},
        LimitRow{"mount flags together", 4096,
                 [](auto& r, auto text) {
                   auto& mount = *r.mutable_volume_capability()->mutable_mount();
                   mount.add_mount_flags(text.substr(0, 1000));
                   mount.add_mount_flags(text.substr(1000));
                 }}),
    [](const auto& row) {
      std::string name = row.param.name;
      std::replace(name.begin(), name.end(), ' ', '_');
      return name;
    });

TEST(CheckLimitsTest, GivesNodeIdsMoreRoom) {
  ::csi::v1::ControllerPublishVolumeRequest request;
  request.set_node_id(std::string(256, 'x'));
  EXPECT_OK(CheckLimits(request));
  request.set_node_id(std::string(257, 'x'));
  EXPECT_THAT(CheckLimits(request), StatusIs(kInvalid, HasSubstr("node_id")));
}

TEST(CheckLimitsTest, LooksIntoRepeatedMessages) {
  ::csi::v1::CreateVolumeRequest request;
  request.add_volume_capabilities();
  request.add_volume_capabilities()->mutable_mount()->set_fs_type(std::string(129, 'x'));
  EXPECT_THAT(CheckLimits(request), StatusIs(kInvalid));
}

TEST(CheckLimitsTest, KeepsSecretKeysToTheirAlphabet) {
  ::csi::v1::DeleteVolumeRequest request;
  (*request.mutable_secrets())["user-Name_1.x"] = "any value\n";
  EXPECT_OK(CheckLimits(request));
  (*request.mutable_secrets())["user name"] = "hunter2";
  EXPECT_THAT(CheckLimits(request),
              StatusIs(kInvalid, AllOf(HasSubstr("secrets"), Not(HasSubstr("hunter2")),
                                       Not(HasSubstr("user name")))));
}

TEST(CheckNameTest, FollowsTheTable) {
  struct Row {
    std::string name;
    bool allowed;
  };
  const Row rows[] = {
      {"pvc-4c0f", true},
      {"\u00e9\u4e16\U0001F600", true},
      {"tab\t\r\n", true},
      {"a b", true},
      {std::string("\0", 1), false},
      {"\x08", false},
      {"\x0B", false},
      {"\x0C", false},
      {"\x0E", false},
      {"\x1F", false},
      {"\x7F", false},
      {"\u0080", false},
      {"\u009F", false},
      {"\u00A0", true},
  };
  for (const Row& row : rows) EXPECT_EQ(CheckName(row.name).ok(), row.allowed) << row.name;
}

TEST(CheckPathTest, FollowsTheTable) {
  struct Row {
    std::string path;
    bool allowed;
  };
  const Row rows[] = {
      {"/var/lib/kubelet/pods/1/mount", true},
      {"/a b/\u00e9..c/.d", true},
      {"/", true},
      {"", false},
      {"relative/path", false},
      {"/a/../b", false},
      {"/a/./b", false},
      {"/a/..", false},
      {"/a\nb", false},
      {std::string("/a\0b", 4), false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(CheckPath("target_path", row.path).ok(), row.allowed) << row.path;
  }
}

TEST(ParseRangeTest, FollowsTheTable) {
  struct Row {
    std::int64_t required;
    std::int64_t limit;
    absl::StatusCode code;
  };
  const Row rows[] = {
      {1, 0, absl::StatusCode::kOk},
      {0, 1, absl::StatusCode::kOk},
      {5, 5, absl::StatusCode::kOk},
      {0, 0, kInvalid},
      {-1, 0, kInvalid},
      {0, -1, kInvalid},
      {6, 5, absl::StatusCode::kOutOfRange},
  };
  for (const Row& row : rows) {
    ::csi::v1::CapacityRange range;
    range.set_required_bytes(row.required);
    range.set_limit_bytes(row.limit);
    EXPECT_EQ(ParseRange(range).status().code(), row.code) << range.ShortDebugString();
  }
}

TEST(RequireTest, NamesTheField) {
  EXPECT_OK(Require("volume_id", true));
  EXPECT_THAT(Require("volume_id", false), StatusIs(kInvalid, HasSubstr("volume_id")));
}

}  // namespace
}  // namespace nvmeof::csi
