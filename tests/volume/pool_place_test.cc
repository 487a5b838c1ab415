#include "volume/pool_place.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using nvmeof::testing::IsOkAndHolds;
using nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PoolPlaceTest, AbsolutePathIsAFolder) {
  EXPECT_THAT(ParsePoolPlace("/srv/pool"), IsOkAndHolds(PoolPlace(FolderPool{"/srv/pool"})));
}

TEST(PoolPlaceTest, LvmNamesAThinPool) {
  EXPECT_THAT(ParsePoolPlace("lvm:vg_0/thin.pool-1"),
              IsOkAndHolds(PoolPlace(LvmThinPool{"vg_0", "thin.pool-1"})));
  EXPECT_EQ((LvmThinPool{"vg", "pool"}.FullName()), "vg/pool");
}

TEST(PoolPlaceTest, EverythingElseIsRefusedWithWhatIsAllowed) {
  for (const char* text :
       {"", "pool", "lvm:", "lvm:vg", "lvm:vg/", "lvm:/pool", "lvm:vg/pool/x", "lvm:vg/po ol",
        "lvm:-vg/pool", "lvm:vg/..", "lvm:@tag/pool", "LVM:vg/pool"}) {
    EXPECT_THAT(ParsePoolPlace(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lvm:VG/POOL")))
        << text;
  }
  EXPECT_FALSE(ParsePoolPlace("lvm:" + std::string(81, 'v') + "/pool").ok());
}

}  // namespace
}  // namespace nvmeof::volume
