#include "nvme/tcp_discovery.h"

#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"
#include "tests/nvme/discovery_bytes.h"
#include "tests/nvme/loopback_controller.h"
#include "tests/nvme/loopback_portal.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::DiscoveryRecord;
using ::nvmeof::testing::LogBytes;
using ::nvmeof::testing::LoopbackController;
using ::nvmeof::testing::LoopbackPortal;
using ::nvmeof::testing::LoopbackServer;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr absl::Duration kLong = absl::Seconds(20);
constexpr absl::Duration kShort = absl::Milliseconds(100);

class TcpDiscoveryTest : public ::testing::Test {
 protected:
  ~TcpDiscoveryTest() override { EXPECT_EQ(OpenFiles(), open_before_); }

  static std::ptrdiff_t OpenFiles() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  }
  static std::vector<DiscoveryRecord> Records(int count) {
    std::vector<DiscoveryRecord> records(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      records[static_cast<std::size_t>(i)].nqn = absl::StrCat("nqn.2026-01.dev.nvmeof:v", i);
    }
    return records;
  }
  // A controller whose log never changes.
  static LoopbackController With(int records) {
    return LoopbackController(
        [log = LogBytes(7, Records(records))](std::uint64_t /*offset*/) { return log; });
  }

  absl::StatusOr<DiscoveryLog> ReadFrom(LoopbackServer::Answer answer) {
    const LoopbackPortal portal;
    const LoopbackServer server({&portal}, std::move(answer));
    return discovery_.Read(portal.path(), clock_.Now() + kLong);
  }
  absl::StatusOr<DiscoveryLog> ReadFrom(LoopbackController& controller) {
    return ReadFrom(controller.answer());
  }
  // The time is what the test makes of it.
  absl::StatusOr<DiscoveryLog> ReadByStandingClock(LoopbackController& controller) {
    const LoopbackPortal portal;
    const LoopbackServer server({&portal}, controller.answer());
    TcpDiscovery discovery(host_, standing_);
    return discovery.Read(portal.path(), standing_.Now() + kLong);
  }
  void ExpectUnavailable(LoopbackController& controller, const std::string& cause) {
    EXPECT_THAT(ReadFrom(controller), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(cause)));
  }

  const std::ptrdiff_t open_before_ = OpenFiles();
  base::MonotonicClock clock_;
  testing::FakeClock standing_;
  const HostIdentity host_{
      *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000001"),
      "0a1b2c3d-0000-4000-8000-000000000001"};
  TcpDiscovery discovery_{host_, clock_};
};

TEST_F(TcpDiscoveryTest, ReadsAnEmptyLog) {
  LoopbackController controller = With(0);
  const auto log = ReadFrom(controller);
  ASSERT_OK(log);
  EXPECT_THAT(log->entries, SizeIs(0));
}

TEST_F(TcpDiscoveryTest, ReadsALogOfManyPieces) {
  LoopbackController controller = With(11);
  const auto log = ReadFrom(controller);
  ASSERT_OK(log);
  ASSERT_THAT(log->entries, SizeIs(11));
  for (int i = 0; i < 11; ++i) {
    EXPECT_EQ(log->entries[static_cast<std::size_t>(i)].nqn,
              absl::StrCat("nqn.2026-01.dev.nvmeof:v", i));
  }
}

TEST_F(TcpDiscoveryTest, DataMayComeInPiecesAndWithoutACompletion) {
  for (const bool successful : {false, true}) {
    LoopbackController controller = With(3);
    controller.SendDataAs(100, successful);
    const auto log = ReadFrom(controller);
    ASSERT_OK(log);
    EXPECT_THAT(log->entries, SizeIs(3));
  }
}

TEST_F(TcpDiscoveryTest, WaitsUntilTheControllerIsReady) {
  LoopbackController controller = With(1);
  controller.BecomeReadyAfter(3);
  EXPECT_OK(ReadFrom(controller));
}

TEST_F(TcpDiscoveryTest, ALogThatChangedMeanwhileIsReadAgain) {
  int readings = 0;
  LoopbackController controller([&](std::uint64_t offset) {
    // The first look at the header is of an older log than the rest.
    const bool old = offset == 0 && readings++ == 0;
    return old ? LogBytes(1, Records(1)) : LogBytes(2, Records(2));
  });
  const auto log = ReadFrom(controller);
  ASSERT_OK(log);
  EXPECT_THAT(log->entries, SizeIs(2));
}

TEST_F(TcpDiscoveryTest, ALogThatNeverStandsStillIsGivenUp) {
  std::uint64_t generation = 0;
  LoopbackController controller(
      [&](std::uint64_t /*offset*/) { return LogBytes(++generation, Records(1)); });
  ExpectUnavailable(controller, "changed each of the 4 times");
}

TEST_F(TcpDiscoveryTest, AControllerMayRefuseThisHost) {
  LoopbackController controller = With(1);
  controller.RefuseConnect(0x184);
  EXPECT_THAT(ReadFrom(controller),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("connect to the discovery controller: it does not allow")));
}

TEST_F(TcpDiscoveryTest, AControllerMayFail) {
  LoopbackController controller = With(1);
  controller.Fail();
  ExpectUnavailable(controller, "has failed");
}

TEST_F(TcpDiscoveryTest, AControllerMayNeverBecomeReady) {
  LoopbackController controller = With(1);
  controller.BecomeReadyAfter(1 << 30);
  controller.OnLook([this] { standing_.Advance(kLong / 2); });
  EXPECT_THAT(ReadByStandingClock(controller),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("in time")));
}

TEST_F(TcpDiscoveryTest, AControllerMayFallSilent) {
  LoopbackController controller = With(1);
  controller.InsteadOfTheLog([this](int connection) {
    standing_.Advance(kLong);
    LoopbackServer::Send(connection, "\x07", 1);  // wakes the one who waits
    LoopbackServer::Receive(connection, 1);
  });
  EXPECT_THAT(ReadByStandingClock(controller),
              StatusIs(absl::StatusCode::kUnavailable,
                       "read the discovery log: the controller did not answer in time"));
}

TEST_F(TcpDiscoveryTest, AControllerMayHangUp) {
  LoopbackController controller = With(1);
  controller.InsteadOfTheLog([](int) {});
  ExpectUnavailable(controller, "closed the connection");
}

TEST_F(TcpDiscoveryTest, OtherDataThanWasAskedForIsRefused) {
  struct Row {
    std::uint16_t command;
    std::size_t offset;
    std::size_t size;
    std::string cause;
  };
  // The first reading of the log is the fourth command.
  const std::vector<Row> rows = {{9, 0, 1024, "data of another command"},
                                 {4, 4, 1020, "1020 bytes of data at 4 where"},
                                 {4, 0, 2048, "2048 bytes of data at 0 where"},
                                 {4, 0, 0, "0 bytes of data at 0 where"},
                                 {4, 0, 512, "512 of 1024 bytes"}};
  for (const Row& row : rows) {
    LoopbackController controller = With(1);
    controller.InsteadOfTheLog([&](int connection) {
      LoopbackController::SendData(connection, row.command, row.offset,
                                   std::vector<std::uint8_t>(row.size), 0x0C);
      LoopbackServer::Receive(connection, 1);
    });
    ExpectUnavailable(controller, row.cause);
  }
}

TEST_F(TcpDiscoveryTest, TheAnswerToAnotherCommandIsRefused) {
  LoopbackController controller = With(1);
  controller.InsteadOfTheLog([](int connection) {
    LoopbackController::Complete(connection, 9);
    LoopbackServer::Receive(connection, 1);
  });
  ExpectUnavailable(controller, "the answer to another command");
}

TEST_F(TcpDiscoveryTest, GarbageIsRefused) {
  LoopbackController controller([](std::uint64_t /*offset*/) {
    std::vector<std::uint8_t> log = LogBytes(1, {});
    log[16] = 7;
    return log;
  });
  EXPECT_THAT(ReadFrom(controller), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("format 7")));
}

TEST_F(TcpDiscoveryTest, DigestsThatNobodyOfferedAreRefused) {
  EXPECT_THAT(ReadFrom([](int connection) {
                nvme::IcPdu response = LoopbackServer::IcResp();
                response[11] = 1;
                LoopbackServer::Receive(connection, response.size());
                LoopbackServer::Send(connection, response.data(), response.size());
                LoopbackServer::Receive(connection, 1);
              }),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("digests 1")));
}

TEST_F(TcpDiscoveryTest, ADeadPortalSaysItsOwnCause) {
  const LoopbackPortal refusing = LoopbackPortal::Refusing();
  EXPECT_THAT(discovery_.Read(refusing.path(), clock_.Now() + kLong),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("ECONNREFUSED")));
  const LoopbackPortal silent;
  EXPECT_THAT(discovery_.Read(silent.path(), clock_.Now() + kShort),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not speak NVMe/TCP")));
}

TEST_F(TcpDiscoveryTest, AsksNobodyAfterTheDeadline) {
  const LoopbackPortal portal;
  EXPECT_THAT(discovery_.Read(portal.path(), clock_.Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace nvmeof::nvme
