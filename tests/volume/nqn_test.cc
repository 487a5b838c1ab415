#include "volume/nqn.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string OfLength(std::size_t length) {
  const std::string head = "nqn.2026-01.dev.nvmeof:";
  return head + std::string(length - head.size(), 'a');
}

TEST(GoodNqnTest, IsKeptAsItIs) {
  const std::vector<std::string> rows = {
      "nqn.2026-01.dev.nvmeof:4c0f7f2d9a5b4c3e8f1a2b3c4d5e6f70",
      "nqn.2014-08.org.nvmexpress:uuid:4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f70",
      "nqn.2014-08.org.nvmexpress.discovery",
      "nqn.1992-08.com.netapp:sn.48391d66:subsystem.a_b",
      "nqn.2016-06.io.spdk:c#1",
      "nqn.1988-11.com.dell:PowerStore-1",
      OfLength(222)};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    const absl::StatusOr<Nqn> nqn = Nqn::Parse(row);
    ASSERT_OK(nqn);
    EXPECT_EQ(nqn->text(), row);
  }
}

TEST(BadNqnTest, IsRefused) {
  const std::vector<std::string> rows = {"",
                                         "nqn.",
                                         "nqn.t",
                                         "NQN.2026-01.dev.nvmeof:a",
                                         "iqn.2026-01.dev.nvmeof:a",
                                         "nqn.2026-1.dev.nvmeof:a",
                                         "nqn.2026-00.dev.nvmeof:a",
                                         "nqn.2026-13.dev.nvmeof:a",
                                         "nqn.2026-01-dev.nvmeof:a",
                                         "nqn.2026-01.",
                                         "nqn.2026-01.:a",
                                         "nqn.2026-01.dev..nvmeof:a",
                                         "nqn.2026-01.dev.nvmeof.:a",
                                         "nqn.2026-01.-dev:a",
                                         "nqn.2026-01.dev-:a",
                                         "nqn.2026-01.de_v:a",
                                         "nqn.2026-01.dev.nvmeof:",
                                         "nqn.2026-01.dev.nvmeof:a,traddr=192.0.2.1",
                                         "nqn.2026-01.dev.nvmeof:a b",
                                         "nqn.2026-01.dev.nvmeof:a\n",
                                         "nqn.2026-01.dev.nvmeof:\x7F",
                                         "nqn.2026-01.dev.nvmeof:\xC3\xA4",
                                         "nqn.2026-01.dev.nvmeof:../../x",
                                         std::string("nqn.2026-01.dev.nvmeof:a\0", 25),
                                         OfLength(223)};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    EXPECT_THAT(Nqn::Parse(row), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(NqnMessageTest, NamesTheValueAndWhatIsAllowed) {
  EXPECT_THAT(Nqn::Parse("nqn.t\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(R"("nqn.t\n")"), HasSubstr("printable ASCII"))));
  EXPECT_THAT(Nqn::Parse("nqn.t"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nqn.<yyyy-mm>")));
  EXPECT_THAT(Nqn::Parse(OfLength(223)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("222 bytes")));
}

TEST(NqnOfVolumeTest, EndsWithTheUuid) {
  const Uuid uuid = *Uuid::Parse("7c43ac95-1990-49c4-ab64-b0e32e7184f4");
  EXPECT_EQ(NqnOfVolume(uuid).text(), "nqn.2026-01.dev.nvmeof:7c43ac95199049c4ab64b0e32e7184f4");
}

}  // namespace
}  // namespace nvmeof::volume
