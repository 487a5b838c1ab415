#include "nvme/tcp_portal_probe.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <cerrno>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"
#include "tests/nvme/loopback_portal.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::IsOk;
using ::nvmeof::testing::LoopbackPortal;
using ::nvmeof::testing::LoopbackServer;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// No test gets near it, unless it waits for it.
constexpr absl::Duration kLongProbe = absl::Seconds(20);
constexpr absl::Duration kShortProbe = absl::Milliseconds(30);

auto IsUnavailable(const std::string& cause) {
  return StatusIs(absl::StatusCode::kUnavailable, HasSubstr(cause));
}

class TcpPortalProbeTest : public ::testing::Test {
 protected:
  ~TcpPortalProbeTest() override { EXPECT_EQ(OpenFiles(), open_before_); }

  static std::ptrdiff_t OpenFiles() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  }

  std::vector<absl::Status> Probe(const std::vector<volume::Path>& paths, int enough = 1000,
                                  absl::Duration budget = kLongProbe) {
    return probe_.Probe(paths, enough, clock_.Now() + budget);
  }
  absl::Status ProbeOne(const volume::Path& path, absl::Duration budget = kLongProbe) {
    return Probe({path}, 1000, budget).at(0);
  }
  // What is said of a portal where each connection is treated like this.
  absl::Status ProbeServer(LoopbackServer::Answer answer, absl::Duration budget = kLongProbe) {
    const LoopbackPortal portal;
    const LoopbackServer server({&portal}, std::move(answer));
    return ProbeOne(portal.path(), budget);
  }

  const std::ptrdiff_t open_before_ = OpenFiles();
  base::MonotonicClock clock_;
  TcpPortalProbe probe_{clock_};
};

TEST_F(TcpPortalProbeTest, ATargetAnswers) {
  EXPECT_OK(ProbeServer(LoopbackServer::AnswerAsTarget));
}

TEST_F(TcpPortalProbeTest, ATargetAnswersOverIpv6) {
  const LoopbackPortal portal(AF_INET6);
  if (!portal.exists()) GTEST_SKIP() << "no IPv6 here";
  const LoopbackServer server({&portal}, LoopbackServer::AnswerAsTarget);
  EXPECT_OK(ProbeOne(portal.path()));
}

TEST_F(TcpPortalProbeTest, AnAnswerMayComeInPieces) {
  EXPECT_OK(ProbeServer([](int connection) {
    for (const std::uint8_t byte : LoopbackServer::IcResp()) {
      LoopbackServer::Send(connection, &byte, 1);
    }
    LoopbackServer::Receive(connection, 1000);
  }));
}

TEST_F(TcpPortalProbeTest, APortalMayRefuse) {
  const LoopbackPortal portal = LoopbackPortal::Refusing();
  EXPECT_THAT(ProbeOne(portal.path()), IsUnavailable("Connection refused (ECONNREFUSED)"));
}

TEST_F(TcpPortalProbeTest, APortalMayBeUnreachable) {
  // TCP has no route to a broadcast address, whatever the machine's routes are.
  EXPECT_THAT(ProbeOne({{"tcp", "255.255.255.255", "4420"}, {}}), IsUnavailable("ENETUNREACH"));
}

TEST_F(TcpPortalProbeTest, PacketsMayBeLost) {
  // The kernel drops the SYNs for a queue that is full.
  const LoopbackPortal portal(AF_INET, 0);
  std::vector<base::UniqueFd> queue;
  for (int i = 0; i < 3; ++i) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(portal.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    queue.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    EXPECT_TRUE(::connect(queue.back().get(), reinterpret_cast<const sockaddr*>(&address),
                          sizeof(address)) == 0 ||
                errno == EINPROGRESS);
  }
  EXPECT_THAT(ProbeOne(portal.path(), kShortProbe),
              IsUnavailable("packets to the portal are lost"));
}

TEST_F(TcpPortalProbeTest, APortalMayAcceptAndBeSilent) {
  const LoopbackPortal portal;
  EXPECT_THAT(ProbeOne(portal.path(), kShortProbe),
              IsUnavailable("accepts connections there but does not speak NVMe/TCP: it sent 0 of"));
}

TEST_F(TcpPortalProbeTest, APortalMayStopInsideItsAnswer) {
  // How much of it came in time depends on the machine.
  const auto answer = [](int connection) {
    LoopbackServer::Send(connection, LoopbackServer::IcResp().data(), 100);
    LoopbackServer::Receive(connection, 1000);
  };
  EXPECT_THAT(ProbeServer(answer, kShortProbe), IsUnavailable(" of the 128 bytes of an ICResp"));
}

TEST_F(TcpPortalProbeTest, APortalMaySpeakAnotherProtocol) {
  const auto answer = [](int connection) {
    LoopbackServer::Send(connection, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    LoopbackServer::Receive(connection, 1000);
  };
  EXPECT_THAT(ProbeServer(answer),
              IsUnavailable("not an NVMe/TCP target: its answer begins with \"HTTP/1.1 400"));
}

TEST_F(TcpPortalProbeTest, APortalMayCloseAtOnce) {
  EXPECT_THAT(ProbeServer([](int) {}), IsUnavailable("it closed the connection"));
}

TEST_F(TcpPortalProbeTest, APortalMayCloseAfterTheRequest) {
  EXPECT_THAT(ProbeServer([](int connection) { LoopbackServer::Receive(connection, 128); }),
              IsUnavailable("it closed the connection"));
}

TEST_F(TcpPortalProbeTest, ThePathsHostSideIsUsed) {
  const LoopbackPortal portal;
  absl::Mutex mutex;
  std::multiset<std::string> peers;
  const LoopbackServer server({&portal}, [&](int connection) {
    sockaddr_in peer = {};
    socklen_t size = sizeof(peer);
    ::getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &size);
    {
      const absl::MutexLock lock(&mutex);
      peers.insert(::inet_ntoa(peer.sin_addr));  // NOLINT(concurrency-mt-unsafe): one thread
    }
    LoopbackServer::AnswerAsTarget(connection);
  });
  EXPECT_THAT(Probe({portal.path({"127.0.0.3", ""}), portal.path({"127.0.0.2", "lo"})}),
              Each(IsOk()));
  const absl::MutexLock lock(&mutex);
  EXPECT_THAT(peers, ElementsAre("127.0.0.2", "127.0.0.3"));
}

TEST_F(TcpPortalProbeTest, TheNodeMayLackTheHostSide) {
  const LoopbackPortal portal;
  EXPECT_THAT(Probe({portal.path({"198.51.100.77", ""}), portal.path({"", "nosuch0"}),
                     portal.path({"::1", ""})}),
              ElementsAre(IsUnavailable("this node has no address '198.51.100.77'"),
                          IsUnavailable("this node has no network interface 'nosuch0'"),
                          StatusIs(absl::StatusCode::kUnavailable)));
}

TEST_F(TcpPortalProbeTest, ATextThatIsNoAddressIsNotLookedUp) {
  EXPECT_THAT(Probe({{{"tcp", "localhost", "4420"}, {}},
                     {{"tcp", "127.0.0.1", "nvme"}, {}},
                     {{"tcp", "127.0.0.1", "4420"}, {"localhost", ""}}}),
              Each(StatusIs(absl::StatusCode::kInvalidArgument)));
}

TEST_F(TcpPortalProbeTest, OtherTransportsAreNotAsked) {
  const LoopbackPortal silent;
  const volume::Path rdma = {{"rdma", "192.0.2.1", "4420"}, {}};
  EXPECT_THAT(Probe({rdma, silent.path()}, 1, kShortProbe),
              ElementsAre(IsOk(), StatusIs(absl::StatusCode::kUnavailable)));
}

TEST_F(TcpPortalProbeTest, ReturnsWhenEnoughHaveAnswered) {
  const LoopbackPortal silent;
  const LoopbackPortal first;
  const LoopbackPortal second;
  const LoopbackServer server({&first, &second}, LoopbackServer::AnswerAsTarget);
  const absl::Time start = clock_.Now();
  EXPECT_THAT(Probe({silent.path(), first.path(), second.path()}, 2),
              ElementsAre(StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("2 were enough")),
                          IsOk(), IsOk()));
  EXPECT_LT(clock_.Now() - start, kLongProbe / 2);
}

TEST_F(TcpPortalProbeTest, WaitsALittleForThoseThatAreAboutAsFast) {
  const LoopbackPortal portal;
  const LoopbackServer server({&portal}, LoopbackServer::AnswerAsTarget);
  const testing::FakeClock standing;  // the grace never ends
  TcpPortalProbe probe(standing);
  EXPECT_THAT(probe.Probe({portal.path(), portal.path(), portal.path()}, 1,
                          standing.Now() + absl::Hours(1)),
              Each(IsOk()));
}

TEST_F(TcpPortalProbeTest, AsksNobodyAfterTheDeadline) {
  const LoopbackPortal portal;
  EXPECT_THAT(ProbeOne(portal.path(), absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(TcpPortalProbeTest, AsksManyAtOnce) {
  std::deque<LoopbackPortal> portals(64);
  std::vector<const LoopbackPortal*> served;
  std::vector<volume::Path> paths;
  for (const LoopbackPortal& portal : portals) {
    served.push_back(&portal);
    paths.push_back(portal.path());
  }
  const LoopbackServer server(served, LoopbackServer::AnswerAsTarget);
  EXPECT_THAT(Probe(paths), AllOf(SizeIs(64), Each(IsOk())));
}

TEST_F(TcpPortalProbeTest, APortalIsNotBlamedForAShortageOfThisNode) {
  const LoopbackPortal portal = LoopbackPortal::Refusing();
  // The sanitizer opens files the first time that it looks at an object; without one it would
  // blame the object.
  ASSERT_THAT(ProbeOne(portal.path()), IsUnavailable("ECONNREFUSED"));
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::Status status = ProbeOne(portal.path());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("EMFILE")));
}

TEST_F(TcpPortalProbeTest, SignalsDoNotDisturb) {
  struct sigaction ignore = {};
  ignore.sa_handler = [](int) {};
  struct sigaction before = {};
  ASSERT_EQ(::sigaction(SIGALRM, &ignore, &before), 0);
  const itimerval often = {{0, 1000}, {0, 1000}};
  const itimerval never = {};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
  const LoopbackPortal portal;
  EXPECT_THAT(ProbeOne(portal.path(), kShortProbe), IsUnavailable("does not speak NVMe/TCP"));
  ASSERT_EQ(::setitimer(ITIMER_REAL, &never, nullptr), 0);
  ASSERT_EQ(::sigaction(SIGALRM, &before, nullptr), 0);
}

TEST_F(TcpPortalProbeTest, LeavesNoConnectionInTimeWait) {
  const LoopbackPortal portal;
  {
    const LoopbackServer server({&portal}, LoopbackServer::AnswerAsTarget);
    EXPECT_OK(ProbeOne(portal.path()));
  }
  // Columns: number, local address, remote address, state.
  const std::string remote = absl::StrFormat(":%04X", portal.port());
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    const std::vector<std::string> columns = absl::StrSplit(line, ' ', absl::SkipEmpty());
    EXPECT_FALSE(absl::EndsWith(columns.at(2), remote)) << line;
  }
}

TEST_F(TcpPortalProbeTest, AnswersForNoPathsAtOnce) { EXPECT_THAT(Probe({}), SizeIs(0)); }

}  // namespace
}  // namespace nvmeof::nvme
