#include "nvme/icreq.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

IcPdu IcResp() {
  IcPdu pdu = {};
  pdu[0] = 0x01;
  pdu[2] = 128;
  pdu[4] = 128;
  return pdu;
}

TEST(IcReqTest, IsTheLinuxInitiatorsWithoutDigests) {
  const IcPdu pdu = MakeIcReq();
  const std::vector<std::uint8_t> head = {0, 0, 128, 0, 128, 0, 0, 0};
  EXPECT_TRUE(std::equal(head.begin(), head.end(), pdu.begin()));
  EXPECT_TRUE(std::all_of(pdu.begin() + 8, pdu.end(), [](auto byte) { return byte == 0; }));
}

TEST(IcRespTest, IsKnownWhenItIsWhole) {
  const IcPdu pdu = IcResp();
  EXPECT_THAT(IsIcResp(pdu), IsOkAndHolds(true));
  for (std::size_t size = 0; size < pdu.size(); ++size) {
    EXPECT_THAT(IsIcResp(absl::MakeConstSpan(pdu).first(size)), IsOkAndHolds(false)) << size;
  }
}

TEST(IcRespTest, MayChooseWhatOnlyConcernsTheKernel) {
  IcPdu pdu = IcResp();
  pdu[10] = 31;    // cpda
  pdu[11] = 0x03;  // both digests
  pdu[13] = 0x10;  // maxh2cdata
  EXPECT_THAT(IsIcResp(pdu), IsOkAndHolds(true));
}

struct BadByte {
  std::size_t offset;
  std::uint8_t value;
  absl::string_view field;
};

class BadIcRespTest : public ::testing::TestWithParam<BadByte> {};

TEST_P(BadIcRespTest, IsRefusedAtTheByteThatGivesItAway) {
  IcPdu pdu = IcResp();
  pdu[GetParam().offset] = GetParam().value;
  const auto received = absl::MakeConstSpan(pdu);
  EXPECT_THAT(IsIcResp(received.first(GetParam().offset)), IsOkAndHolds(false));
  for (const std::size_t size : {GetParam().offset + 1, kIcPduBytes}) {
    EXPECT_THAT(IsIcResp(received.first(size)),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr(std::string(GetParam().field))));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadIcRespTest,
    ::testing::Values(BadByte{0, 0x00, "by its type"},  // our own ICReq, echoed
                      BadByte{0, 0x05, "by its type"},  // a capsule response
                      BadByte{0, 'H', "begins with \"H"}, BadByte{0, 0x03, "C2HTermReq"},
                      BadByte{2, 24, "by its header length"}, BadByte{4, 24, "by its length"},
                      BadByte{5, 1, "by its length"}, BadByte{6, 1, "by its length"},
                      BadByte{7, 0x80, "by its length"}, BadByte{8, 1, "by its format version"},
                      BadByte{9, 1, "by its format version"}));

}  // namespace
}  // namespace nvmeof::nvme
