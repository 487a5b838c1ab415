#include "target/volume_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "target/volume_codec.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::IsOk;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;

VolumeRecord Record(const std::string& name) {
  return {.state = VolumeRecord::State::kReady,
          .uuid = volume::Uuid::Random(),
          .nguid = volume::Uuid::Random(),
          .name = name,
          .size_bytes = 4096,
          .provisioning = volume::Provisioning::kThin,
          .fingerprint = "",
          .context = {},
          .exports = {}};
}

class VolumeStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<VolumeStore>> Load() { return VolumeStore::Load(*folder_); }

  TemporaryDirectory directory_;
  const std::unique_ptr<RecordFolder> folder_ = *RecordFolder::Open(directory_.path());
};

TEST_F(VolumeStoreTest, FindsByHandleAndName) {
  const auto store = *Load();
  const VolumeRecord record = Record("a");
  ASSERT_OK(store->Put(record));
  EXPECT_THAT(store->Find(record.Handle()), Optional(record));
  EXPECT_THAT(store->FindByName("a"), Optional(record));
  EXPECT_THAT(store->Find("b"), Eq(std::nullopt));
  EXPECT_THAT(store->FindByName("b"), Eq(std::nullopt));
}

TEST_F(VolumeStoreTest, RemembersAcrossStarts) {
  const VolumeRecord record = Record("a");
  ASSERT_OK((*Load())->Put(record));
  EXPECT_THAT((*Load())->FindByName("a"), Optional(record));
}

TEST_F(VolumeStoreTest, ErasedIsForgotten) {
  const VolumeRecord record = Record("a");
  const auto store = *Load();
  ASSERT_OK(store->Put(record));
  EXPECT_OK(store->Erase(record.Handle()));
  EXPECT_OK(store->Erase(record.Handle()));
  EXPECT_THAT(store->FindByName("a"), Eq(std::nullopt));
  EXPECT_THAT((*Load())->All(), IsEmpty());
}

TEST_F(VolumeStoreTest, AllIsSortedByHandle) {
  const auto store = *Load();
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_OK(store->Put(Record(name)));
  const std::vector<VolumeRecord> all = store->All();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                             [](const auto& a, const auto& b) { return a.Handle() < b.Handle(); }));
}

TEST_F(VolumeStoreTest, CutOffRecordIsSetAsideAndCostsItsVolumeOnly) {
  const VolumeRecord good = Record("good");
  const VolumeRecord bad = Record("bad");
  ASSERT_OK((*Load())->Put(good));
  const std::string text = EncodeRecord(bad);
  ASSERT_OK(folder_->Write(bad.Handle() + ".json", text.substr(0, text.size() / 2)));
  EXPECT_THAT((*Load())->All(), ElementsAre(good));
  EXPECT_THAT(folder_->Read(bad.Handle() + ".json.aside-1"), IsOk());
}

TEST_F(VolumeStoreTest, RecordUnderAnotherNameIsSetAside) {
  ASSERT_OK(folder_->Write("copy.json", EncodeRecord(Record("a"))));
  EXPECT_THAT((*Load())->All(), IsEmpty());
  EXPECT_THAT(folder_->Read("copy.json.aside-1"), IsOk());
}

TEST_F(VolumeStoreTest, HugeFileIsSetAside) {
  ASSERT_OK(folder_->Write("huge.json", std::string((1 << 20) + 1, 'x')));
  EXPECT_THAT((*Load())->All(), IsEmpty());
  EXPECT_THAT(folder_->Names(), IsOkAndHolds(ElementsAre("huge.json.aside-1")));
}

TEST_F(VolumeStoreTest, OtherFilesAreLeftAlone) {
  ASSERT_OK(folder_->Write("README", "mine"));
  ASSERT_OK(Load());
  EXPECT_THAT(folder_->Read("README"), IsOkAndHolds("mine"));
}

TEST_F(VolumeStoreTest, RecordOfANewerAgentStopsTheStart) {
  ASSERT_OK(folder_->Write("new.json", R"({"version": 2})"));
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(folder_->Read("new.json"), IsOk());
}

TEST_F(VolumeStoreTest, RecordThatCouldNotBeReadBackIsRefused) {
  const auto store = *Load();
  VolumeRecord record = Record("a");
  record.fingerprint.assign(std::size_t{1} << 20, 'x');
  EXPECT_THAT(store->Put(record), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(store->Find(record.Handle()), Eq(std::nullopt));
}

}  // namespace
}  // namespace nvmeof::target
