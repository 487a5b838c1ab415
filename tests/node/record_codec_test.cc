#include "node/record_codec.h"

#include "gtest/gtest.h"

namespace nvmeof::node {
namespace {

TEST(RecordFileNameTest, IsAFileNameForAnyVolumeId) {
  EXPECT_EQ(RecordFileName("pvc-1.a_b"), "pvc-1.a_b.json");
  EXPECT_EQ(RecordFileName("fast:agent-a:v1"), "fast%3Aagent-a%3Av1.json");
  EXPECT_EQ(RecordFileName("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd.json");
  EXPECT_LE(RecordFileName(std::string(128, '/')).size(), 255U);
}

TEST(RecordFileNameTest, LongIdsThatDifferAtTheEndHaveDifferentNames) {
  const std::string stem(127, '/');
  EXPECT_NE(RecordFileName(stem + "a"), RecordFileName(stem + "b"));
}

}  // namespace
}  // namespace nvmeof::node
