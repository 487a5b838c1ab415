#include "nvme/connect_error.h"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct LogCase {
  absl::string_view log;
  int error;
};

class KernelErrorTest : public ::testing::TestWithParam<LogCase> {};

TEST_P(KernelErrorTest, IsFoundInTheLog) {
  EXPECT_EQ(ParseKernelError(GetParam().log), GetParam().error) << GetParam().log;
}

INSTANTIATE_TEST_SUITE_P(
    Table, KernelErrorTest,
    ::testing::Values(
        LogCase{"Failed to write to /dev/nvme-fabrics: Input/output error\n", EIO},
        LogCase{"Failed to write to /dev/nvme-fabrics: Connection timed out\n", ETIMEDOUT},
        LogCase{"Failed to write to /dev/nvme-fabrics: Resource temporarily unavailable\n", EAGAIN},
        LogCase{"option \"x\" ignored\nFailed to write to /dev/nvme-fabrics: No route to host\n",
                EHOSTUNREACH},
        LogCase{"Failed to write to /dev/nvme-fabrics: Required key not available\n", ENOKEY},
        LogCase{"Failed to write to /dev/nvme-fabrics: Unknown error 524\n", 524},
        LogCase{"Failed to open /dev/nvme-fabrics: Permission denied\n", EACCES},
        LogCase{"Failed to open /dev/nvme-fabrics: No such file or directory", ENOENT},
        LogCase{"Failed to write to /dev/nvme-fabrics: gibberish\n", EIO}, LogCase{"", EIO}));

HostIdentity RefusedHost() { return {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:node-1"), "id"}; }

ConnectRequest Request() {
  return {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:volume-1"),
          {{"tcp", "192.0.2.1", "4420"}, {"192.0.2.9", "eth1"}},
          {}};
}

struct CodeCase {
  int error;
  absl::StatusCode code;
};

class ConnectErrorTest : public ::testing::TestWithParam<CodeCase> {};

TEST_P(ConnectErrorTest, HasTheCodeThatTellsWhatToDo) {
  EXPECT_THAT(ConnectError(GetParam().error, RefusedHost(), Request()), StatusIs(GetParam().code));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConnectErrorTest,
    ::testing::Values(CodeCase{EIO, absl::StatusCode::kUnavailable},
                      CodeCase{ECONNREFUSED, absl::StatusCode::kUnavailable},
                      CodeCase{ECONNRESET, absl::StatusCode::kUnavailable},
                      CodeCase{ETIMEDOUT, absl::StatusCode::kUnavailable},
                      CodeCase{EAGAIN, absl::StatusCode::kUnavailable},
                      CodeCase{ENETUNREACH, absl::StatusCode::kUnavailable},
                      CodeCase{EHOSTUNREACH, absl::StatusCode::kUnavailable},
                      CodeCase{EACCES, absl::StatusCode::kUnavailable},  // a route that prohibits
                      CodeCase{ENODEV, absl::StatusCode::kUnavailable},
                      CodeCase{EADDRNOTAVAIL, absl::StatusCode::kUnavailable},
                      CodeCase{524, absl::StatusCode::kUnavailable},
                      CodeCase{EINVAL, absl::StatusCode::kInvalidArgument},
                      CodeCase{EOPNOTSUPP, absl::StatusCode::kInvalidArgument},
                      CodeCase{EPERM, absl::StatusCode::kPermissionDenied},
                      CodeCase{ENOKEY, absl::StatusCode::kPermissionDenied},
                      CodeCase{EKEYREJECTED, absl::StatusCode::kPermissionDenied}));

TEST(ConnectErrorTest, NamesThePathTheKernelsWordsAndBothCausesOfAnIoError) {
  EXPECT_THAT(std::string(ConnectError(EIO, RefusedHost(), Request()).message()),
              AllOf(HasSubstr("192.0.2.1:4420"), HasSubstr("Input/output error (EIO)"),
                    HasSubstr("knows no subsystem nqn.2026-01.dev.nvmeof:volume-1"),
                    HasSubstr("does not allow host nqn.2026-01.dev.nvmeof:node-1")));
}

TEST(ConnectErrorTest, NamesTheHostSideThatTheNodeLacks) {
  EXPECT_THAT(std::string(ConnectError(ENODEV, RefusedHost(), Request()).message()),
              HasSubstr("'eth1'"));
  EXPECT_THAT(std::string(ConnectError(EADDRNOTAVAIL, RefusedHost(), Request()).message()),
              HasSubstr("'192.0.2.9'"));
}

TEST(ConnectErrorTest, TellsAMissingKeyFromAWrongOne) {
  EXPECT_THAT(std::string(ConnectError(ENOKEY, RefusedHost(), Request()).message()),
              HasSubstr("give the key as dhchapSecret"));
  EXPECT_THAT(std::string(ConnectError(EKEYREJECTED, RefusedHost(), Request()).message()),
              HasSubstr("are not those that the target has"));
}

TEST(ConnectErrorTest, SpeaksInTheWordsOfTheGuide) {
  const std::vector<std::pair<int, std::string>> rows = {
      {ECONNREFUSED, "Connection refused (ECONNREFUSED)"},
      {EHOSTUNREACH, "No route to host"},
      {ENETUNREACH, "Network is unreachable"},
      {ETIMEDOUT, "packets to the portal are lost"},
      {EAGAIN, "something accepts connections there but does not speak NVMe/TCP"},
      {EIO, "the target knows no subsystem "},
      {EINVAL, "a controller id that this host still uses"},
      {ENOKEY, "the target wants this host to authenticate (DH-HMAC-CHAP)"},
      {EKEYREJECTED, "host or target did not prove who it is"}};
  const auto guide = base::ReadFile(NVMEOF_SOURCE_DIR "/docs/TROUBLESHOOTING.md");
  ASSERT_OK(guide);
  for (const auto& [error, words] : rows) {
    EXPECT_THAT(std::string(ConnectError(error, RefusedHost(), Request()).message()),
                HasSubstr(words));
    EXPECT_THAT(*guide, HasSubstr("`" + words));
  }
}

TEST(PathHintTest, SaysWhatTheErrnoLeavesOpen) {
  const volume::Path path = {{"tcp", "192.0.2.1", "4420"}, {}};
  EXPECT_THAT(PathHint(ETIMEDOUT, path), HasSubstr("packets"));
  EXPECT_THAT(PathHint(EADDRNOTAVAIL, path), HasSubstr("no port left"));
  EXPECT_EQ(PathHint(ECONNREFUSED, path), "");
}

TEST(PathHintTest, SpeaksOfTheTransport) {
  const volume::Path rdma = {{"rdma", "192.0.2.1", "4420"}, {"192.0.2.9", ""}};
  EXPECT_THAT(PathHint(ENODEV, rdma), HasSubstr("no RDMA device"));
  EXPECT_THAT(PathHint(EADDRNOTAVAIL, rdma), HasSubstr("'192.0.2.9'"));
  EXPECT_THAT(PathHint(ECONNRESET, rdma), HasSubstr("no RDMA target"));
  EXPECT_EQ(PathHint(EAGAIN, rdma), "");
  const volume::Path fc = {{"fc", "nn-0x2000000000000001:pn-0x2000000000000002", ""},
                           {"nn-0x1000000000000001:pn-0x1000000000000002", ""}};
  EXPECT_THAT(PathHint(ENOENT, fc), HasSubstr("nn-0x1000000000000001:pn-0x1000000000000002"));
  EXPECT_THAT(PathHint(EBADR, fc), HasSubstr("no NVMe target"));
  EXPECT_EQ(PathHint(ETIMEDOUT, fc), "");
}

TEST(OpenErrorTest, TellsMissingModulesFromMissingRights) {
  EXPECT_THAT(OpenError(ENOENT), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(OpenError(ENODEV), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(OpenError(EACCES), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(OpenError(EPERM), StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace nvmeof::nvme
