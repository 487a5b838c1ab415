#include "nvme/discovery_log.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/nvme/discovery_bytes.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::DiscoveryRecord;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::LogBytes;
using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kNqn[] = "nqn.2026-01.dev.nvmeof:a";

std::vector<DiscoveryEntry> Entries(const std::vector<DiscoveryRecord>& records) {
  const std::vector<std::uint8_t> bytes = LogBytes(1, records);
  return ParseDiscoveryRecords(absl::MakeConstSpan(bytes).subspan(kDiscoveryRecordBytes)).entries;
}

TEST(DiscoveryLogTest, TheHeaderTellsGenerationAndCount) {
  EXPECT_THAT(
      ParseDiscoveryHeader(absl::MakeConstSpan(LogBytes(0x0102030405060708, {{}, {}})).first(1024)),
      IsOkAndHolds(DiscoveryHeader{0x0102030405060708, 2}));
}

TEST(DiscoveryLogTest, AnotherFormatIsRefused) {
  std::vector<std::uint8_t> header = LogBytes(1, {});
  header[16] = 1;
  EXPECT_THAT(ParseDiscoveryHeader(header),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("format 1")));
}

TEST(DiscoveryLogTest, AnEndlessLogIsRefused) {
  std::vector<std::uint8_t> header = LogBytes(1, {});
  WriteLittleEndian(absl::MakeSpan(header), 8, kMostDiscoveryRecords);
  EXPECT_OK(ParseDiscoveryHeader(header));
  WriteLittleEndian(absl::MakeSpan(header), 8, kMostDiscoveryRecords + 1);
  EXPECT_THAT(ParseDiscoveryHeader(header),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("8193 records")));
}

TEST(DiscoveryLogTest, ReadsSubsystemsReferralsAndItself) {
  const volume::Portal portal{"tcp", "192.0.2.1", "4420"};
  EXPECT_THAT(Entries({{.subtype = 2}, {.subtype = 1}, {.subtype = 3}}),
              ElementsAre(DiscoveryEntry{DiscoveryKind::kSubsystem, kNqn, portal},
                          DiscoveryEntry{DiscoveryKind::kReferral, kNqn, portal},
                          DiscoveryEntry{DiscoveryKind::kItself, kNqn, portal}));
}

// As the kernel's target pads them.
TEST(DiscoveryLogTest, TextsMayBePaddedAndHaveTheirFullLength) {
  const std::string longest = std::string(kNqn) + std::string(256 - sizeof(kNqn) + 1, 'x');
  EXPECT_THAT(Entries({{.service = "4420" + std::string(28, ' '),
                        .nqn = longest,
                        .address = "192.0.2.1" + std::string(247, ' ')}}),
              ElementsAre(DiscoveryEntry{DiscoveryKind::kSubsystem, longest,
                                         volume::Portal{"tcp", "192.0.2.1", "4420"}}));
}

TEST(DiscoveryLogTest, AnAddressIsSpelledAsEverywhere) {
  const auto entries = Entries({{.family = 2, .address = "2001:DB8:0:0::1"}});
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].portal, (volume::Portal{"tcp", "2001:db8::1", "4420"}));
}

TEST(DiscoveryLogTest, WhatNoVolumeCouldNameHasNoPortal) {
  const std::vector<DiscoveryRecord> rows = {{.transport = 1},
                                             {.transport = 2, .address = "nn-0x1:pn-0x2"},
                                             {.transport = 254, .service = "", .address = ""},
                                             {.address = "array.example.com"},
                                             {.address = "0.0.0.0"},
                                             {.address = "fe80::1"},
                                             {.address = "\x80"},
                                             {.service = "\x01"},
                                             {.service = "none"},
                                             {.service = "0"}};
  for (const DiscoveryRecord& row : rows) {
    SCOPED_TRACE(row.address + " " + row.service);
    EXPECT_THAT(Entries({row}),
                ElementsAre(DiscoveryEntry{DiscoveryKind::kSubsystem, kNqn, std::nullopt}));
  }
}

TEST(DiscoveryLogTest, RecordsOfOtherKindsArePassedOver) {
  EXPECT_THAT(Entries({{.subtype = 0}, {.subtype = 4, .nqn = "?"}}), IsEmpty());
}

TEST(DiscoveryLogTest, ARecordThatNamesNoSubsystemHidesNoOther) {
  const DiscoveryEntry right = {DiscoveryKind::kSubsystem, kNqn,
                                volume::Portal{"tcp", "192.0.2.1", "4420"}};
  EXPECT_THAT(Entries({{},
                       {.nqn = "nqn.\x01\xff"},
                       {.nqn = "hello"},
                       {.nqn = "iqn.2026-01.dev.nvmeof:a"},
                       {.nqn = ""},
                       {}}),
              ElementsAre(right, right));
}

}  // namespace
}  // namespace nvmeof::nvme
