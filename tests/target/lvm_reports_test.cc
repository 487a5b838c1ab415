#include "target/lvm_reports.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// As LVM 2.03.16 prints it.
std::string Document(const std::string& rows, const std::string& complaints = "") {
  return absl::StrCat("  {\n      \"report\": [\n", complaints,
                      "          {\n              \"lv\": [\n", rows,
                      "              ]\n          }\n      ]\n  }\n");
}

constexpr char kPoolRow[] =
    R"(                  {"segtype":"thin-pool", "lv_size":"1073741824", "data_percent":"58.59", )"
    R"("metadata_percent":"10.45", "lv_health_status":"", "lv_when_full":"error", )"
    R"("zero":"zero", "vg_extent_size":"4194304"})"
    "\n";

constexpr char kVolumeRows[] =
    R"(                  {"lv_name":"nvmeof-a", "lv_size":"12582912", "lv_tags":"nvmeof-csi", )"
    R"("pool_lv":"pool", "data_percent":"50.00", "lv_active":"active"},)"
    "\n"
    R"(                  {"lv_name":"nvmeof-b", "lv_size":"5368709120", )"
    R"("lv_tags":"nvmeof-csi,mine", "pool_lv":"pool", "data_percent":"", "lv_active":""})"
    "\n";

TEST(LvmReportsTest, ReadsAThinPool) {
  const absl::StatusOr<ThinPoolReport> pool = ReadThinPool(Document(kPoolRow));
  ASSERT_OK(pool);
  EXPECT_EQ(pool->bytes, 1073741824);
  EXPECT_NEAR(static_cast<double>(pool->used_bytes), 0.5859 * 1073741824, 1e5);
  EXPECT_DOUBLE_EQ(pool->metadata_percent, 10.45);
  EXPECT_EQ(pool->extent_bytes, 4194304);
  EXPECT_TRUE(pool->zeroes);
  EXPECT_TRUE(pool->fails_when_full);
  EXPECT_THAT(pool->health, IsEmpty());
}

TEST(LvmReportsTest, CountsNoLessThanLvmRoundedAway) {
  const absl::StatusOr<ThinPoolReport> pool = ReadThinPool(Document(kPoolRow));
  EXPECT_GE(pool->used_bytes, static_cast<std::int64_t>(0.58594 * 1073741824));
}

TEST(LvmReportsTest, OnlyAnActiveThinPoolIsOne) {
  EXPECT_THAT(ReadThinPool(Document("")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadThinPool(Document(R"({"segtype":"linear", "lv_size":"4194304"})")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("linear")));
  EXPECT_THAT(
      ReadThinPool(Document(R"({"segtype":"thin-pool", "lv_size":"4194304", "data_percent":""})")),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not active")));
}

TEST(LvmReportsTest, ReadsThinVolumes) {
  const auto volumes = ReadThinVolumes(Document(kVolumeRows));
  ASSERT_OK(volumes);
  ASSERT_THAT(*volumes, SizeIs(2));
  EXPECT_EQ(volumes->at(0).name, "nvmeof-a");
  EXPECT_EQ(volumes->at(0).bytes, 12582912);
  EXPECT_NEAR(static_cast<double>(volumes->at(0).used_bytes), 6291456, 1000);
  EXPECT_EQ(volumes->at(0).pool, "pool");
  EXPECT_TRUE(volumes->at(0).active);
  EXPECT_THAT(volumes->at(1).tags, ElementsAre("nvmeof-csi", "mine"));
  EXPECT_FALSE(volumes->at(1).active);
  EXPECT_EQ(volumes->at(1).used_bytes, 0);
}

TEST(LvmReportsTest, WarningsWithinTheReportDoNoHarm) {
  EXPECT_THAT(
      *ReadThinVolumes(Document(kVolumeRows,
                                "  WARNING: Check is skipped, please install recommended missing "
                                "binary /usr/sbin/thin_check!\n  /usr/sbin/thin_check: execvp "
                                "failed: No such file or directory\n")),
      SizeIs(2));
}

TEST(LvmReportsTest, WhatIsNoReportIsInternal) {
  for (const char* text : {"", "  {\n", "Segmentation fault", "{}", "{\"report\": 7}",
                           R"({"report":[{"lv":[{"lv_name":"a","lv_size":"12.00m"}]}]})"}) {
    EXPECT_THAT(ReadThinVolumes(text), StatusIs(absl::StatusCode::kInternal)) << text;
  }
  // A report that was cut off.
  const std::string whole = Document(kVolumeRows);
  EXPECT_THAT(ReadThinVolumes(whole.substr(0, whole.size() / 2)),
              StatusIs(absl::StatusCode::kInternal));
}

struct FailureCase {
  std::string output;
  absl::StatusCode code;
};

TEST(LvmReportsTest, FailuresHaveTheirCausesInTheText) {
  const FailureCase cases[] = {
      {Document("", "  Failed to find logical volume \"vg/absent\"\n"),
       absl::StatusCode::kNotFound},
      {"  Logical volume nvmeof-a not found in volume group vg.\n", absl::StatusCode::kNotFound},
      {Document("", "  Volume group \"absent\" not found\n  Cannot process volume group absent\n"),
       absl::StatusCode::kUnavailable},
      {"  /run/lock/lvm/V_vg: flock failed: Resource temporarily unavailable\n  Can't get lock for "
       "vg.\n  Cannot process volume group vg\n",
       absl::StatusCode::kAborted},
      {"  Logical volume vg/nvmeof-a contains a filesystem in use.\n", absl::StatusCode::kAborted},
      {"  Logical volume vg/nvmeof-a in use.\n", absl::StatusCode::kAborted},
      {"  Logical Volume \"nvmeof-b\" already exists in volume group \"vg\"\n",
       absl::StatusCode::kAlreadyExists},
      {"  Cannot create new thin volume, free space in thin pool vg/pool reached threshold.\n",
       absl::StatusCode::kResourceExhausted},
      {"  Insufficient free space: 512 extents needed, but only 507 available\n",
       absl::StatusCode::kResourceExhausted},
      {"  Pool absent not found in Volume group vg.\n", absl::StatusCode::kInternal},
  };
  for (const FailureCase& one : cases) {
    EXPECT_EQ(LvmFailure({.exit_code = 5, .output = one.output}).code(), one.code) << one.output;
  }
  EXPECT_OK(LvmFailure({.exit_code = 0, .output = "  Logical volume \"a\" created.\n"}));
}

TEST(LvmReportsTest, FailureSaysLvmsWordsWithoutItsAdvice) {
  const absl::Status failure = LvmFailure(
      {.exit_code = 5,
       .output = Document("",
                          "  WARNING: You have not turned on protection against thin pools "
                          "running out of space.\n  Volume group \"v\" not found\n")});
  EXPECT_THAT(std::string(failure.message()), HasSubstr("Volume group \"v\" not found"));
  EXPECT_THAT(std::string(failure.message()), Not(HasSubstr("WARNING")));
  EXPECT_THAT(std::string(failure.message()), Not(HasSubstr("report")));
}

}  // namespace
}  // namespace nvmeof::target
