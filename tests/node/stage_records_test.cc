#include "node/stage_records.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "base/record_files.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::node {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StageRecordsTest : public ::testing::Test {
 protected:
  StageRecords Open(const std::string& boot_id = "boot-1") {
    return *StageRecords::Open(files_, boot_id);
  }
  static StageRecord Sample() {
    StageRecord record;
    record.volume_id = "fast:agent-a:v1";
    record.staging_path = "/kubelet/staging/v1";
    record.state = StageState::kStaged;
    record.boot_id = "boot-1";
    record.publish_context = {{"nqn", "nqn.2026-01.dev.nvmeof:v1"}};
    record.volume_context = {{"minPaths", "2"}};
    record.capability.fs_type = "xfs";
    record.capability.mount_flags = {"noatime"};
    record.capability.mount_group = "2000";
    record.capability.mode = volume::AccessMode::kSingleNodeMultiWriter;
    record.publications = {{"/kubelet/pods/p1/v1", true, record.capability}};
    return record;
  }
  std::vector<std::string> Files() { return *base::ListDirectory(folder_.path()); }

  testing::TemporaryDirectory folder_;
  base::RecordDirectory files_ = *base::RecordDirectory::Open(folder_.path());
};

TEST_F(StageRecordsTest, OutlivesTheProcess) {
  {
    StageRecords records = Open();
    ASSERT_OK(records.Put(Sample()));
  }
  EXPECT_EQ(Open().Find("fast:agent-a:v1"), Sample());
}

TEST_F(StageRecordsTest, EraseLeavesNoFile) {
  StageRecords records = Open();
  ASSERT_OK(records.Put(Sample()));
  ASSERT_OK(records.Erase(Sample().volume_id));
  EXPECT_EQ(records.Find(Sample().volume_id), std::nullopt);
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_OK(records.Erase(Sample().volume_id));
}

TEST_F(StageRecordsTest, ARecordOfAnOlderBootIsNotCurrent) {
  {
    StageRecords records = Open("boot-1");
    ASSERT_OK(records.Put(Sample()));
  }
  StageRecords records = Open("boot-2");
  EXPECT_TRUE(records.Find(Sample().volume_id).has_value());
  EXPECT_FALSE(records.FindCurrent(Sample().volume_id).has_value());
  EXPECT_THAT(records.OthersIn(*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v1"), ""), IsEmpty());
}

TEST_F(StageRecordsTest, KnowsWhoElseUsesASubsystem) {
  StageRecords records = Open();
  StageRecord other = Sample();
  other.volume_id = "fast:agent-a:v2";
  ASSERT_OK(records.Put(Sample()));
  ASSERT_OK(records.Put(other));
  EXPECT_THAT(records.OthersIn(*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v1"), "fast:agent-a:v1"),
              ElementsAre("fast:agent-a:v2"));
}

struct BadFile {
  std::string name;
  std::string content;
};

class StageRecordsBadFileTest : public StageRecordsTest,
                                public ::testing::WithParamInterface<BadFile> {};

TEST_P(StageRecordsBadFileTest, IsSetAsideAndStopsNothing) {
  {
    StageRecords records = Open();
    ASSERT_OK(records.Put(Sample()));
  }
  ASSERT_OK(base::WriteFileAtomically(folder_.File(GetParam().name), GetParam().content));
  EXPECT_THAT(Open().List(), SizeIs(1));
  EXPECT_THAT(Files(), ::testing::Contains(GetParam().name + ".unreadable"));
}

INSTANTIATE_TEST_SUITE_P(
    All, StageRecordsBadFileTest,
    ::testing::Values(
        BadFile{"empty.json", ""}, BadFile{"torn.json", R"({"version": 1, "volumeId": "to)"},
        BadFile{"foreign.json", "[1, 2, 3]"},
        BadFile{"newer.json", R"({"version": 2, "volumeId": "newer", "state": "STAGED"})"},
        BadFile{"stateless.json", R"({"version": 1, "volumeId": "stateless"})"},
        BadFile{"copy-of-another.json",
                R"({"version": 1, "volumeId": "fast:agent-a:v1", "state": "STAGED"})"}));

}  // namespace
}  // namespace nvmeof::node
