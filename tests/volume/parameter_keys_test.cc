#include "volume/parameter_keys.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/volume/document_table.h"
#include "volume/parameters.h"

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

struct DocumentedKey {
  std::string name;
  std::string allowed;
  std::string usual;
};

std::vector<DocumentedKey> DocumentedKeys() {
  std::vector<DocumentedKey> documented;
  for (const std::vector<std::string>& row : TableUnder("## Table")) {
    if (row.size() == 4) documented.push_back({Word(row[0]), row[1], row[2]});
  }
  return documented;
}

TEST(ParameterKeysTest, StandInTheDocumentInThisOrderAndNoOthers) {
  std::vector<std::string> documented;
  for (const DocumentedKey& key : DocumentedKeys()) documented.push_back(key.name);
  std::vector<std::string> known;
  for (const ParameterKey& key : ParameterKeys()) known.emplace_back(key.name);
  EXPECT_EQ(documented, known);
}

// The words of a text that are values of the key.
std::set<std::string> ValuesIn(absl::string_view text, const std::string& key) {
  std::set<std::string> values;
  for (const absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" ,`"))) {
    const AllowedRow row{key, std::string(word)};
    if (!word.empty() && IsAllowed(row)) values.insert(row.text);
  }
  return values;
}

// Of a key whose values are numbers or words of a list; others take what people make up.
std::set<std::string> DocumentedValues(const DocumentedKey& key) {
  return IsAllowed({key.name, "eth1"}) ? std::set<std::string>() : ValuesIn(key.allowed, key.name);
}

TEST(ParameterKeysTest, AllowWhatTheDocumentAndTheRefusalSay) {
  std::size_t values = 0;
  ASSERT_EQ(DocumentedKeys().size(), ParameterKeys().size());
  for (std::size_t i = 0; i < ParameterKeys().size(); ++i) {
    const DocumentedKey key = DocumentedKeys()[i];
    SCOPED_TRACE(key.name);
    const std::set<std::string> documented = DocumentedValues(key);
    values += documented.size();
    if (documented.empty()) continue;
    EXPECT_EQ(documented, ValuesIn(ParameterKeys()[i].allowed, key.name));
  }
  EXPECT_EQ(values, 27U);
}

TEST(ParameterKeysTest, AllowNoNumberBeyondTheDocumentedOnes) {
  for (const DocumentedKey& key : DocumentedKeys()) {
    SCOPED_TRACE(key.name);
    std::set<int> numbers;
    for (const std::string& value : DocumentedValues(key)) {
      int number = 0;
      if (absl::SimpleAtoi(value, &number)) numbers.insert(number);
    }
    if (numbers.empty()) continue;
    EXPECT_FALSE(IsAllowed({key.name, absl::StrCat(*numbers.begin() - 1)}));
    EXPECT_FALSE(IsAllowed({key.name, absl::StrCat(*numbers.rbegin() + 1)}));
  }
}

TEST(ParameterKeysTest, TakeListsAsLongAsDocumented) {
  int lists = 0;
  for (const DocumentedKey& key : DocumentedKeys()) {
    absl::string_view allowed = key.allowed;
    std::size_t most = 0;
    if (!absl::ConsumePrefix(&allowed, "at most ")) continue;
    ASSERT_TRUE(absl::SimpleAtoi(allowed.substr(0, allowed.find(' ')), &most)) << key.name;
    const std::string element = IsAllowed({key.name, "eth1"}) ? "eth1" : "192.0.2.1";
    const std::vector<std::string> list(most, element);
    EXPECT_TRUE(IsAllowed({key.name, absl::StrJoin(list, ",")})) << key.name;
    EXPECT_FALSE(IsAllowed({key.name, absl::StrCat(absl::StrJoin(list, ","), ",", element)}));
    ++lists;
  }
  EXPECT_EQ(lists, 2);
}

// Of the keys that go to the node; for the others it is the backend's business.
TEST(ParameterKeysTest, HaveTheDocumentedDefaults) {
  const absl::StatusOr<Parameters> usual = ParseParameters({});
  ASSERT_OK(usual);
  const StringMap context = EncodeVolumeContext(*usual);
  ASSERT_EQ(DocumentedKeys().size(), ParameterKeys().size());
  for (std::size_t i = 0; i < ParameterKeys().size(); ++i) {
    if (ParameterKeys()[i].scope != ParameterScope::kAttach) continue;
    const DocumentedKey key = DocumentedKeys()[i];
    const std::vector<std::string> words = absl::StrSplit(key.usual, absl::ByAnyChar(",:"));
    const auto found = context.find(key.name);
    EXPECT_EQ(Word(words.front()), found == context.end() ? "unset" : found->second) << key.name;
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
