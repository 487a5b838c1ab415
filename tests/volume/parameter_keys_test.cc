#include "volume/parameter_keys.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

struct AllowedRow {
  std::string key;
  std::string text;
};

bool IsAllowed(const AllowedRow& row) {
  const absl::Span<const ParameterKey> keys = ParameterKeys();
  const auto* const key = std::find_if(
      keys.begin(), keys.end(), [&row](const ParameterKey& each) { return each.name == row.key; });
  ParameterDraft draft;
  return key != keys.end() && key->read(row.text, draft);
}

TEST(AllowedValueTest, IsRead) {
  const std::vector<AllowedRow> rows = {
      {"backend", "fast"},
      {"provisioning", "thin"},
      {"provisioning", "thick"},
      {"ctrlLossTmo", "-1"},
      {"ctrlLossTmo", "1"},
      {"ctrlLossTmo", "2592000"},
      {"reconnectDelay", "1"},
      {"reconnectDelay", "3600"},
      {"fastIoFailTmo", "1"},
      {"fastIoFailTmo", "2592000"},
      {"keepAliveTmo", "1"},
      {"keepAliveTmo", "3600"},
      {"nrIoQueues", "1"},
      {"nrIoQueues", "1024"},
      {"queueSize", "16"},
      {"queueSize", "1024"},
      {"hdrDigest", "true"},
      {"hdrDigest", "false"},
      {"dataDigest", "true"},
      {"ioPolicy", "numa"},
      {"ioPolicy", "round-robin"},
      {"ioPolicy", "queue-depth"},
      {"minPaths", "1"},
      {"minPaths", "64"},
      {"maxPaths", "0"},
      {"maxPaths", "64"},
      {"hostTraddr", "192.0.2.9"},
      {"hostTraddr", "192.0.2.9,2001:db8::9"},
      {"hostTraddr", "nn-0x1000000000000001:pn-0x1000000000000011"},
      {"hostIface", "eth1,eth2"}};
  for (const AllowedRow& row : rows) {
    SCOPED_TRACE(row.key + " " + row.text);
    EXPECT_TRUE(IsAllowed(row));
  }
}

TEST(RefusedValueTest, IsNotRead) {
  const std::vector<AllowedRow> rows = {{"backend", ""},
                                        {"backend", "Fast"},
                                        {"provisioning", "Thin"},
                                        {"provisioning", ""},
                                        {"ctrlLossTmo", "0"},
                                        {"ctrlLossTmo", "-2"},
                                        {"ctrlLossTmo", "2592001"},
                                        {"ctrlLossTmo", "1800s"},
                                        {"ctrlLossTmo", "1.5"},
                                        {"ctrlLossTmo", " 1"},
                                        {"ctrlLossTmo", "+1"},
                                        {"ctrlLossTmo", ""},
                                        {"ctrlLossTmo", "99999999999999999999"},
                                        {"reconnectDelay", "0"},
                                        {"reconnectDelay", "3601"},
                                        {"reconnectDelay", "-1"},
                                        {"fastIoFailTmo", "0"},
                                        {"fastIoFailTmo", "off"},
                                        {"keepAliveTmo", "0"},
                                        {"keepAliveTmo", "3601"},
                                        {"nrIoQueues", "0"},
                                        {"nrIoQueues", "1025"},
                                        {"queueSize", "15"},
                                        {"queueSize", "1025"},
                                        {"hdrDigest", "yes"},
                                        {"hdrDigest", "True"},
                                        {"dataDigest", ""},
                                        {"dataDigest", "1"},
                                        {"ioPolicy", "service-time"},
                                        {"ioPolicy", "NUMA"},
                                        {"ioPolicy", ""},
                                        {"minPaths", "0"},
                                        {"minPaths", "65"},
                                        {"maxPaths", "65"},
                                        {"maxPaths", "-1"},
                                        {"hostTraddr", "node-1"},
                                        {"hostTraddr", "192.0.2.9, 192.0.2.10"},
                                        {"hostTraddr", "fe80::1%eth0"},
                                        {"hostTraddr", "nn-0x1:pn-0x2"},
                                        {"hostIface", "an-interface-too-long"},
                                        {"hostIface", "eth1 eth2"},
                                        {"hostIface", "a/b"},
                                        {"hostIface", std::string(64, ',')}};
  for (const AllowedRow& row : rows) {
    SCOPED_TRACE(row.key + " " + row.text);
    EXPECT_FALSE(IsAllowed(row));
  }
}

TEST(ParameterKeysTest, HaveDifferentNames) {
  std::set<absl::string_view> names;
  for (const ParameterKey& key : ParameterKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << std::string(key.name);
  }
}

TEST(ParameterKeysTest, StandInTheDocumentInThisOrder) {
  const absl::StatusOr<std::string> text = base::ReadFile(NVMEOF_SOURCE_DIR "/docs/PARAMETERS.md");
  ASSERT_OK(text);
  std::size_t last = 0;
  for (const ParameterKey& key : ParameterKeys()) {
    const std::size_t here = text->find(absl::StrCat("\n| `", key.name, "` | "));
    ASSERT_NE(here, std::string::npos) << std::string(key.name);
    EXPECT_GT(here, last) << std::string(key.name);
    last = here;
  }
}

TEST(ParameterKeysTest, WriteWhatGoesToTheNodeAndNothingElse) {
  AttachPolicy policy;
  policy.connect = {absl::Seconds(1), absl::Seconds(1), absl::Seconds(1), absl::Seconds(1), 1, 16};
  policy.io_policy = IoPolicy::kNuma;
  policy.host_sides = {{"192.0.2.9", "eth1"}};
  for (const ParameterKey& key : ParameterKeys()) {
    EXPECT_EQ(key.write(policy).has_value(), key.scope == ParameterScope::kAttach)
        << std::string(key.name);
  }
}

}  // namespace
}  // namespace nvmeof::volume
