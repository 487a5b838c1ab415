#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/spdk/rpc_transport.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Serves one connection as it is told, on a thread.
class Server {
 public:
  explicit Server(const std::string& path, std::function<void(int fd)> serve)
      : listening_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    EXPECT_EQ(
        ::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listening_.get(), 1), 0);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const base::UniqueFd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      serve(fd.get());
    });
  }
  ~Server() { thread_.join(); }

 private:
  const base::UniqueFd listening_;
  std::thread thread_;
};

std::string Read(int fd, std::size_t bytes) {
  std::string text(bytes, 0);
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n = ::read(fd, &text[got], bytes - got);
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  text.resize(got);
  return text;
}

void Write(int fd, const std::string& text) {
  EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

class UnixRpcTransportTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Exchange(const std::string& request,
                                       absl::Duration patience = absl::Seconds(60)) {
    return UnixRpcTransport(path_, clock_).Exchange(request, clock_.Now() + patience);
  }

  testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.File("spdk.sock");
  base::MonotonicClock clock_;
};

TEST_F(UnixRpcTransportTest, CarriesLongTextsBothWays) {
  const std::string request(3 << 20, 'q');
  const std::string answer = std::string(3 << 20, 'a') + "\n";
  const Server server(path_, [&](int fd) {
    EXPECT_EQ(Read(fd, request.size()), request);
    for (std::size_t at = 0; at < answer.size(); at += 100001) {
      Write(fd, answer.substr(at, 100001));
    }
  });
  EXPECT_THAT(Exchange(request), IsOkAndHolds(answer));
}

TEST_F(UnixRpcTransportTest, SaysThatNobodyIsThere) {
  EXPECT_THAT(Exchange("{}"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("No such file")));
}

TEST_F(UnixRpcTransportTest, SaysThatTheOutcomeIsNotKnown) {
  const Server server(path_, [](int fd) {
    Read(fd, 2);
    Write(fd, R"({"jsonrpc":)");
  });
  EXPECT_THAT(Exchange("{}"), StatusIs(absl::StatusCode::kUnavailable,
                                       AllOf(HasSubstr("closed the connection without an answer"),
                                             HasSubstr("nobody knows"))));
}

TEST_F(UnixRpcTransportTest, EndsWithItsTime) {
  const Server server(path_, [](int fd) {
    Read(fd, 2);
    Read(fd, 1);  // until the client has gone
  });
  EXPECT_THAT(Exchange("{}", absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("did not answer in time")));
}

TEST_F(UnixRpcTransportTest, RefusesAPathThatIsTooLong) {
  UnixRpcTransport transport("/" + std::string(120, 'p'), clock_);
  EXPECT_THAT(transport.Exchange("{}", absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("longer than 107 bytes")));
}

}  // namespace
}  // namespace nvmeof::backend
