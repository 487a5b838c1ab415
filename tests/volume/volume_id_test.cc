#include "volume/volume_id.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

const std::string k40(40, 'a');
const std::string k46(46, 'Z');

TEST(VolumeIdTest, ReadsBackWhatItWrote) {
  for (const VolumeId& id :
       {VolumeId{"fast", "agent-a", "4c0f7f2d9a5b4c3e8f1a2b3c4d5e6f70"}, VolumeId{"a", "0", "Z"},
        VolumeId{"s3", "a--b", "pool_1.img-2"}, VolumeId{k40, k40, k46}}) {
    EXPECT_THAT(ParseVolumeId(FormatVolumeId(id)), IsOkAndHolds(id));
  }
}

TEST(VolumeIdTest, TheLongestHas128Bytes) {
  EXPECT_EQ(FormatVolumeId({k40, k40, k46}).size(), 128U);
}

TEST(BadVolumeIdTest, NamesNoVolume) {
  const std::vector<std::string> rows = {"",
                                         ":",
                                         "::",
                                         "fast",
                                         "fast:agent",
                                         "fast:agent:",
                                         "fast::h",
                                         ":agent:h",
                                         "fast:agent:h:x",
                                         "Fast:agent:h",
                                         "fast:-agent:h",
                                         "fast:agent-:h",
                                         "fast:a.b:h",
                                         "fast:agent:h/../x",
                                         "fast:agent:h h",
                                         "fast:agent:h\n",
                                         "fast:agent:\xC3\xA4",
                                         k40 + "a:agent:h",
                                         "fast:" + k40 + "a:h",
                                         "fast:agent:" + k46 + "Z"};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    EXPECT_THAT(ParseVolumeId(row), StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST(VolumeIdTest, TheMessageNamesTheId) {
  EXPECT_THAT(ParseVolumeId("pvc-1"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(R"(volume "pvc-1" does not exist)")));
}

}  // namespace
}  // namespace nvmeof::volume
