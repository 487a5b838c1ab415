#include "nvme/admin_capsules.h"

#include <cstddef>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "nvme/little_endian.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

const HostIdentity& Host() {
  static const HostIdentity kHost{
      *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000001"),
      "0a1b2c3d-0000-4000-8000-000000000001"};
  return kHost;
}

std::string Hex(absl::Span<const std::uint8_t> bytes) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::vector<std::uint8_t> FromHex(const std::string& hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  return {bytes.begin(), bytes.end()};
}

std::string Zeros(std::size_t bytes) { return std::string(2 * bytes, '0'); }

std::string TextIn(const Capsule& capsule, std::size_t at) {
  return reinterpret_cast<const char*>(capsule.data() + at);
}

TEST(LittleEndianTest, ReadsWhatItWrote) {
  std::vector<std::uint8_t> bytes(10);
  WriteLittleEndian(absl::MakeSpan(bytes), 1, std::uint64_t{0x0102030405060708});
  EXPECT_EQ(Hex(bytes), "00080706050403020100");
  EXPECT_EQ(ReadLittleEndian<std::uint64_t>(bytes, 1), 0x0102030405060708U);
  EXPECT_EQ(ReadLittleEndian<std::uint16_t>(bytes, 1), 0x0708U);
}

TEST(AdminCapsulesTest, ConnectNamesTheDiscoverySubsystemAndThisHost) {
  const auto capsule = MakeDiscoveryConnect(0x0102, Host());
  ASSERT_OK(capsule);
  ASSERT_EQ(capsule->size(), 8U + 64U + 1024U);
  // Header: type, flags, header length, data offset, length. Entry: opcode, SGL in use, command,
  // type of command; the SGL's length and type; the queue's size.
  EXPECT_EQ(Hex(absl::MakeConstSpan(*capsule).first(72)),
            "0400484848040000"
            "7f400201"
            "01" +
                Zeros(27) + "00040000" + "00000001" + Zeros(4) + "1f00" + Zeros(18));
  EXPECT_EQ(Hex(absl::MakeConstSpan(*capsule).subspan(72, 18)),
            "0a1b2c3d000040008000000000000001"
            "ffff");
  EXPECT_EQ(TextIn(*capsule, 72 + 256), "nqn.2014-08.org.nvmexpress.discovery");
  EXPECT_EQ(TextIn(*capsule, 72 + 512), Host().nqn.text());
}

TEST(AdminCapsulesTest, AHostIdThatIsNoUuidIsRefused) {
  EXPECT_THAT(MakeDiscoveryConnect(1, {Host().nqn, "?"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(AdminCapsulesTest, PropertiesAreWrittenAndRead) {
  EXPECT_EQ(Hex(MakePropertySet(2, kControllerConfiguration, kEnabled)),
            "0400480048000000"
            "7f400200"
            "00" +
                Zeros(34) + "5a" + Zeros(4) + "14000000" + "01004600" + Zeros(12));
  EXPECT_EQ(Hex(MakePropertyGet(3, kControllerStatus)),
            "0400480048000000"
            "7f400300"
            "04" +
                Zeros(34) + "5a" + Zeros(4) + "1c000000" + Zeros(16));
}

TEST(AdminCapsulesTest, TheLogIsReadInPieces) {
  EXPECT_EQ(Hex(MakeGetDiscoveryLog(4, 0x100000400, 4096)),
            "0400480048000000"
            "02400400" +
                Zeros(28) +
                "00100000"
                "0000005a"
                "7000ff03" +
                "00000000"
                "0004000001000000" +
                Zeros(8));
}

TEST(ControllerPduTest, ACompletionHasStatusAndResult) {
  const std::vector<std::uint8_t> pdu = FromHex(
      "0500180018000000"
      "0100000002000000"
      "0000"
      "0000"
      "0700"
      "0983");
  EXPECT_THAT(ControllerPduBytes(pdu), IsOkAndHolds(24U));
  EXPECT_THAT(ParseControllerPdu(pdu),
              IsOkAndHolds(ControllerPdu(Completion{7, 0x184, 0x200000001})));
}

TEST(ControllerPduTest, DataMayBeTheEnd) {
  std::vector<std::uint8_t> pdu = FromHex(
      "070c181c20000000"
      "0700"
      "0000"
      "00040000"
      "04000000"
      "00000000"
      "00000000"
      "aabbccdd");
  ASSERT_THAT(ControllerPduBytes(pdu), IsOkAndHolds(32U));
  EXPECT_THAT(ParseControllerPdu(pdu),
              IsOkAndHolds(ControllerPdu(DataPiece{7, 1024, {0xaa, 0xbb, 0xcc, 0xdd}, true})));
  pdu[1] = 0x04;
  EXPECT_THAT(ParseControllerPdu(pdu),
              IsOkAndHolds(ControllerPdu(DataPiece{7, 1024, {0xaa, 0xbb, 0xcc, 0xdd}, false})));
}

TEST(ControllerPduTest, DataThatIsNotWhereItSaysIsRefused) {
  for (const char* offset : {"00", "17", "19", "ff"}) {
    EXPECT_THAT(ParseControllerPdu(FromHex(absl::StrCat("070c18", offset,
                                                        "1c000000"
                                                        "0700"
                                                        "0000"
                                                        "00000000"
                                                        "04000000"
                                                        "00000000"
                                                        "aabbccdd"))),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("it sent data of 4 bytes")))
        << offset;
  }
}

TEST(ControllerPduTest, TheEndOfTheConnectionIsSaid) {
  const std::vector<std::uint8_t> pdu = FromHex(
      "0300180018000000"
      "0200" +
      Zeros(14));
  EXPECT_OK(ControllerPduBytes(pdu));
  EXPECT_THAT(ParseControllerPdu(pdu),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("fatal error status 2")));
}

TEST(ControllerPduTest, WhatNoControllerSendsIsRefused) {
  const std::vector<std::string> rows = {"0900180018000000",   // an R2T: nothing is left to send
                                         "0100800080000000",   // an ICResp again
                                         "0500100018000000",   // another header
                                         "0500180017000000",   // shorter than its header
                                         "07001818ffffff7f"};  // longer than what is asked for
  for (const std::string& row : rows) {
    EXPECT_THAT(ControllerPduBytes(FromHex(row)), StatusIs(absl::StatusCode::kUnavailable)) << row;
  }
}

TEST(CompletionStatusTest, SaysWhatTheCodesMean) {
  EXPECT_OK(CompletionStatus({1, 0, 5}));
  EXPECT_THAT(
      CompletionStatus({1, 0x184, 0}),
      StatusIs(absl::StatusCode::kPermissionDenied, AllOf(HasSubstr("does not allow this host"),
                                                          HasSubstr("status type 1, code 0x84"))));
  EXPECT_THAT(CompletionStatus({1, 0x191, 0}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("authenticate")));
  EXPECT_THAT(CompletionStatus({1, 0x181, 0}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("busy")));
  EXPECT_THAT(CompletionStatus({1, 0x002, 0}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("status type 0, code 0x02")));
}

}  // namespace
}  // namespace nvmeof::nvme
