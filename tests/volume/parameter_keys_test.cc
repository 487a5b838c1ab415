#include "volume/parameter_keys.h"

#include <algorithm>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace nvmeof::volume {
namespace {

struct Row {
  std::string key;
  std::string text;
};

bool IsAllowed(const Row& row) {
  const absl::Span<const ParameterKey> keys = ParameterKeys();
  const auto* const key = std::find_if(
      keys.begin(), keys.end(), [&row](const ParameterKey& each) { return each.name == row.key; });
  ParameterDraft draft;
  return key != keys.end() && key->read(row.text, draft);
}

class AllowedValueTest : public ::testing::TestWithParam<Row> {};

TEST_P(AllowedValueTest, IsRead) { EXPECT_TRUE(IsAllowed(GetParam())); }

INSTANTIATE_TEST_SUITE_P(
    Rows, AllowedValueTest,
    ::testing::Values(
        Row{"backend", "fast"}, Row{"provisioning", "thin"}, Row{"provisioning", "thick"},
        Row{"ctrlLossTmo", "-1"}, Row{"ctrlLossTmo", "1"}, Row{"ctrlLossTmo", "2592000"},
        Row{"reconnectDelay", "1"}, Row{"reconnectDelay", "3600"}, Row{"fastIoFailTmo", "1"},
        Row{"fastIoFailTmo", "2592000"}, Row{"keepAliveTmo", "1"}, Row{"keepAliveTmo", "3600"},
        Row{"nrIoQueues", "1"}, Row{"nrIoQueues", "1024"}, Row{"queueSize", "16"},
        Row{"queueSize", "1024"}, Row{"hdrDigest", "true"}, Row{"hdrDigest", "false"},
        Row{"dataDigest", "true"}, Row{"ioPolicy", "numa"}, Row{"ioPolicy", "round-robin"},
        Row{"ioPolicy", "queue-depth"}, Row{"minPaths", "1"}, Row{"minPaths", "64"},
        Row{"maxPaths", "0"}, Row{"maxPaths", "64"}, Row{"hostTraddr", "192.0.2.9"},
        Row{"hostTraddr", "192.0.2.9,2001:db8::9"}, Row{"hostIface", "eth1,eth2"}));

class RefusedValueTest : public ::testing::TestWithParam<Row> {};

TEST_P(RefusedValueTest, IsNotRead) { EXPECT_FALSE(IsAllowed(GetParam())); }

INSTANTIATE_TEST_SUITE_P(
    Rows, RefusedValueTest,
    ::testing::Values(
        Row{"backend", ""}, Row{"backend", "Fast"}, Row{"provisioning", "Thin"},
        Row{"provisioning", ""}, Row{"ctrlLossTmo", "0"}, Row{"ctrlLossTmo", "-2"},
        Row{"ctrlLossTmo", "2592001"}, Row{"ctrlLossTmo", "1800s"}, Row{"ctrlLossTmo", "1.5"},
        Row{"ctrlLossTmo", " 1"}, Row{"ctrlLossTmo", "+1"}, Row{"ctrlLossTmo", ""},
        Row{"ctrlLossTmo", "99999999999999999999"}, Row{"reconnectDelay", "0"},
        Row{"reconnectDelay", "3601"}, Row{"reconnectDelay", "-1"}, Row{"fastIoFailTmo", "0"},
        Row{"fastIoFailTmo", "off"}, Row{"keepAliveTmo", "0"}, Row{"keepAliveTmo", "3601"},
        Row{"nrIoQueues", "0"}, Row{"nrIoQueues", "1025"}, Row{"queueSize", "15"},
        Row{"queueSize", "1025"}, Row{"hdrDigest", "yes"}, Row{"hdrDigest", "True"},
        Row{"dataDigest", ""}, Row{"dataDigest", "1"}, Row{"ioPolicy", "service-time"},
        Row{"ioPolicy", "NUMA"}, Row{"ioPolicy", ""}, Row{"minPaths", "0"}, Row{"minPaths", "65"},
        Row{"maxPaths", "65"}, Row{"maxPaths", "-1"}, Row{"hostTraddr", "node-1"},
        Row{"hostTraddr", "192.0.2.9, 192.0.2.10"}, Row{"hostTraddr", "fe80::1%eth0"},
        Row{"hostIface", "an-interface-too-long"}, Row{"hostIface", "eth1 eth2"},
        Row{"hostIface", "a/b"}, Row{"hostIface", std::string(64, ',')}));

TEST(ParameterKeysTest, HaveDifferentNames) {
  std::set<absl::string_view> names;
  for (const ParameterKey& key : ParameterKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << std::string(key.name);
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
