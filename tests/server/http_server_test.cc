#include "server/http_server.h"

#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/server/http_client.h"

namespace nvmeof::server {
namespace {

using ::nvmeof::testing::HttpClient;
using ::nvmeof::testing::StatusIs;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint16_t kPort = 9809;

class HttpServerTest : public ::testing::Test {
 protected:
  // In no test a connection ends by the passing of time, unless the test says so.
  static HttpLimits Patient() { return {.connections = 8, .connection = absl::Hours(1)}; }

  absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                    HttpLimits limits = Patient()) {
    const auto endpoint = Endpoint::ParseTcp(absl::StrCat(address, ":", kPort));
    if (!endpoint.ok()) return endpoint.status();
    return HttpServer::Start(*endpoint,
                             {{"/good",
                               [] {
                                 return HttpAnswer{200, "fine\n"};
                               }},
                              {"/bad",
                               [] {
                                 return HttpAnswer{503, "because\n"};
                               }},
                              {"/long",
                               [] {
                                 return HttpAnswer{200, std::string(4 << 20, 'x')};
                               }}},
                             limits);
  }
  HttpClient Client() const { return {address_, kPort}; }

  const std::string address_ = testing::OwnLoopbackAddress();
};

TEST_F(HttpServerTest, AnswersItsPages) {
  const auto server = Start(address_);
  ASSERT_OK(server);
  const std::string good = Client().Ask("GET", "/good");
  EXPECT_THAT(good, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(good, EndsWith("\r\n\r\nfine\n"));
  EXPECT_THAT(Client().Ask("GET", "/bad"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(Client().Ask("GET", "/bad"), EndsWith("\r\n\r\nbecause\n"));
  EXPECT_THAT(Client().Ask("GET", "/good?verbose"), EndsWith("fine\n"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutAText) {
  const auto server = Start(address_);
  const std::string head = Client().Ask("HEAD", "/bad");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, AnswersAReaderOfManyBytes) {
  const auto server = Start(address_);
  EXPECT_GT(Client().Ask("GET", "/long").size(), std::size_t{4} << 20);
}

TEST_F(HttpServerTest, RefusesEverythingElse) {
  const auto server = Start(address_, {.connections = 8, .connection = absl::Milliseconds(50)});
  EXPECT_THAT(Client().Ask("GET", "/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Client().Ask("GET", "/good/"), StartsWith("HTTP/1.1 404 "));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "NONSENSE"}) {
    EXPECT_THAT(Client().Ask(method, "/good"), Not(HasSubstr(" 200 "))) << method;
  }
}

TEST_F(HttpServerTest, RefusesLongHeadersAndBodies) {
  const auto server = Start(address_);
  const std::string filler(8192, 'x');
  const HttpClient header = Client();
  header.Send(absl::StrCat("GET /good HTTP/1.1\r\nX: ", filler, "\r\n\r\n"));
  EXPECT_THAT(header.ReadAll(), Not(HasSubstr(" 200 ")));
  const HttpClient body = Client();
  body.Send(absl::StrCat("GET /good HTTP/1.1\r\nContent-Length: 8192\r\n\r\n", filler));
  EXPECT_THAT(body.ReadAll(), Not(HasSubstr(" 200 ")));
}

TEST_F(HttpServerTest, ASilentClientHoldsUpNobody) {
  const auto server = Start(address_);
  const HttpClient silent = Client();
  const HttpClient slow = Client();
  slow.Send("GET /go");
  EXPECT_THAT(Client().Ask("GET", "/good"), EndsWith("fine\n"));
  slow.Send("od HTTP/1.1\r\n\r\n");
  EXPECT_THAT(slow.ReadAll(), EndsWith("fine\n"));
}

TEST_F(HttpServerTest, EndsAConnectionThatTakesTooLong) {
  const auto server = Start(address_, {.connections = 8, .connection = absl::Milliseconds(50)});
  EXPECT_THAT(Client().ReadAll(), IsEmpty());
}

TEST_F(HttpServerTest, AClientThatNeverStopsSendingIsEndedToo) {
  const auto server = Start(address_, {.connections = 8, .connection = absl::Milliseconds(50)});
  const HttpClient client = Client();
  client.Send("GET /good HTTP/1.1\r\n");
  while (client.Send("X: y\r\n")) {
  }
  EXPECT_THAT(Client().Ask("GET", "/good"), EndsWith("fine\n"));
}

TEST_F(HttpServerTest, MoreConnectionsThanItsLimitWait) {
  const auto server = Start(address_, {.connections = 2, .connection = absl::Milliseconds(100)});
  std::list<HttpClient> silent;
  for (int i = 0; i < 6; ++i) silent.emplace_back(address_, kPort);
  EXPECT_THAT(Client().Ask("GET", "/good"), EndsWith("fine\n"));
  for (const HttpClient& client : silent) EXPECT_THAT(client.ReadAll(), IsEmpty());
}

TEST_F(HttpServerTest, ConnectionsThatWereAnsweredCountNoMore) {
  const auto server = Start(address_, {.connections = 2, .connection = absl::Hours(1)});
  for (int i = 0; i < 20; ++i) EXPECT_THAT(Client().Ask("GET", "/good"), EndsWith("fine\n"));
}

TEST_F(HttpServerTest, AClientThatLeavesEarlyHarmsNobody) {
  const auto server = Start(address_);
  for (int i = 0; i < 20; ++i) Client().Send("GET /long HTTP/1.1\r\n\r\n");
  EXPECT_THAT(Client().Ask("GET", "/good"), EndsWith("fine\n"));
}

TEST_F(HttpServerTest, EndsWhileClientsAreConnected) {
  auto server = Start(address_);
  ASSERT_OK(server);
  const HttpClient silent = Client();
  const HttpClient reader = Client();
  reader.Send("GET /long HTTP/1.1\r\n\r\n");
  server->reset();
  EXPECT_THAT(silent.ReadAll(), IsEmpty());
  EXPECT_FALSE(Client().connected());
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  const auto server = Start(address_);
  EXPECT_THAT(Start(address_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Address already in use")));
  EXPECT_THAT(Start("192.0.2.1"), StatusIs(absl::StatusCode::kUnavailable,
                                           HasSubstr("listen on 192.0.2.1:9809: Cannot assign")));
}

TEST_F(HttpServerTest, ServesIpv6) {
  const auto server = Start("[::1]");
  if (!server.ok()) GTEST_SKIP() << server.status();
  EXPECT_THAT(HttpClient("::1", kPort).Ask("GET", "/good"), EndsWith("fine\n"));
}

}  // namespace
}  // namespace nvmeof::server
