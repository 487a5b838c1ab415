// Walks every crash, and keeps docs/CRASH_TABLE.md true.
//
//   crash_table_test --write    writes this table and that of the fault points into the source tree
#include "tests/crash/crash_table.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/crash/document.h"

namespace nvmeof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::vector<Row>& AllRows() {
  static const std::vector<Row> kRows = [] {
    std::vector<Row> rows = AgentRows();
    for (Row& row : NodeRows()) rows.push_back(std::move(row));
    return rows;
  }();
  return kRows;
}

TEST(CrashTableTest, EveryRowConverges) {
  for (const Row& row : AllRows()) {
    const std::string where = absl::StrCat(row.operation, ", killed before ", row.point, ": ");
    EXPECT_EQ(row.same.failure, "") << where << "the same call";
    EXPECT_EQ(row.opposite.failure, "") << where << row.opposite_name;
  }
}

TEST(CrashTableTest, TheDocumentIsThisTable) {
  ExpectDocument("CRASH_TABLE.md", Render(AllRows()));
}

TEST(PointNameTest, ReducesWhatVaries) {
  const std::map<std::string, std::string> names = {
      {"record", "record"},
      {"create 0123456789abcdef0123456789abcdef", "create ID"},
      {"write subsystems/nqn.2026-01.dev:a/namespaces/1/enable 1",
       "write subsystems/NQN/namespaces/1/enable 1"},
      {"write x/attr_serial 0123456789abcdef0123", "write x/attr_serial ID"},
      {"write x/device_uuid 4c0f1e8a-1111-4222-8333-444455556666", "write x/device_uuid ID"},
      {"mount /dev/nvme3n1 /staging", "mount /dev/nvmeXnY /staging"},
      {"disconnect nvme12", "disconnect nvmeX"},
      {"io_policy nvme-subsys12 numa", "io_policy nvme-subsysX numa"},
      {"connect 192.0.2.1:4420", "connect 192.0.2.1:4420"},
  };
  for (const auto& [effect, name] : names) EXPECT_EQ(PointName(effect), name);
}

// A counter that an operation raises by two effects, with a mistake: what was begun is begun anew.
class ForgetfulScene final : public CrashScene {
 public:
  explicit ForgetfulScene(bool careful) : careful_(careful) {}

  Effects& effects() override { return effects_; }
  absl::Status Call() override {
    if (careful_ && count_ == 2) return absl::AlreadyExistsError("done");
    while (count_ < 2 || !careful_) {
      if (absl::Status leave = effects_.Do("count"); !leave.ok()) return leave;
      ++count_;
      if (count_ % 2 == 0) break;
    }
    return absl::OkStatus();
  }
  absl::Status CallOpposite() override {
    count_ = 0;
    return absl::OkStatus();
  }
  void Restart() override { effects_.Revive(); }
  std::string State() override { return absl::StrCat(count_); }

 private:
  Effects effects_;
  const bool careful_;
  int count_ = 0;
};

std::vector<Row> WalkForgetful(bool careful) {
  return Walk({"agent", "count", "reset", absl::StatusCode::kAlreadyExists, absl::StatusCode::kOk,
               [careful] { return std::make_unique<ForgetfulScene>(careful); }});
}

TEST(WalkTest, KillsBeforeEachEffectAndBeforeTheAnswer) {
  const std::vector<Row> rows = WalkForgetful(true);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].point, "count");
  EXPECT_EQ(rows[2].point, "the answer");
  EXPECT_EQ(rows[0].same.answer, "OK");
  EXPECT_EQ(rows[2].same.answer, "ALREADY_EXISTS");
  for (const Row& row : rows) {
    EXPECT_EQ(row.same.failure, "");
    EXPECT_EQ(row.opposite.failure, "");
  }
}

TEST(WalkTest, CatchesWhatDoesNotConverge) {
  const std::vector<Row> rows = WalkForgetful(false);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].same.failure, "");
  EXPECT_THAT(rows[2].same.failure, HasSubstr("left:\n4"));
  EXPECT_THAT(Render(rows), HasSubstr("| 3 | the answer | **does not converge** | OK |"));
}

}  // namespace
}  // namespace nvmeof::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  nvmeof::testing::write_documents = argc > 1 && std::string(argv[1]) == "--write";
  return RUN_ALL_TESTS();
}
