#include "backend/http/http_client.h"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "tests/fakes/http_double.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::HttpDouble;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TestCertificate;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    Write("user", "admin\n");
    Write("password", "very secret");
  }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_.File(name)) << text;
    return directory_.File(name);
  }

  HttpEndpoint Endpoint(const std::string& url) {
    return {.url = url,
            .user_file = directory_.File("user"),
            .password_file = directory_.File("password"),
            .ca_file = "",
            .pinned_key = ""};
  }

  absl::StatusOr<HttpAnswer> Exchange(const HttpEndpoint& endpoint, const HttpRequest& request,
                                      absl::Duration patience = absl::Seconds(60)) {
    return HttpClient(endpoint, clock_).Exchange(request, clock_.Now() + patience);
  }

  testing::TemporaryDirectory directory_;
  base::MonotonicClock clock_;
  const HttpRequest get_ = {"GET", "/rest/disk?slot=a", ""};
};

std::string Yes(const std::string&) { return HttpDouble::Answer("200 OK", "yes"); }

TEST_F(HttpClientTest, SendsWhatItIsGivenAndNothingElse) {
  std::string seen;
  const HttpDouble server(
      [&](const std::string& request) {
        seen = request;
        return HttpDouble::Answer("200 OK", "[]");
      },
      nullptr);
  EXPECT_THAT(Exchange(Endpoint(server.Url() + "/base"),
                       {"POST", "/rest/disk/set?a=*1/../b", R"({".id":"*1"})"}),
              IsOkAndHolds(HttpAnswer{200, "[]"}));
  EXPECT_THAT(seen, AllOf(StartsWith("POST /base/rest/disk/set?a=*1/../b HTTP/1.1\r\n"),
                          HasSubstr("Authorization: Basic " +
                                    absl::Base64Escape("admin:very secret") + "\r\n"),
                          HasSubstr("Content-Type: application/json\r\n"), Not(HasSubstr("Expect")),
                          ::testing::EndsWith(R"({".id":"*1"})")));
}

TEST_F(HttpClientTest, CarriesLongTextsBothWays) {
  const std::string question(3 << 20, 'q');
  const std::string answer(3 << 20, 'a');
  const HttpDouble server(
      [&](const std::string& request) {
        EXPECT_TRUE(request.ends_with(question));
        return HttpDouble::Answer("200 OK", answer);
      },
      nullptr);
  EXPECT_THAT(Exchange(Endpoint(server.Url()), {"PUT", "/", question}),
              IsOkAndHolds(HttpAnswer{200, answer}));
}

TEST_F(HttpClientTest, AnswersAnyStatusAndFollowsNobody) {
  const HttpDouble server(
      [](const std::string&) {
        return "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\nno";
      },
      nullptr);
  EXPECT_THAT(Exchange(Endpoint(server.Url()), get_), IsOkAndHolds(HttpAnswer{302, "no"}));
}

TEST_F(HttpClientTest, UsesNoProxy) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  const HttpDouble server(Yes, nullptr);
  EXPECT_THAT(Exchange(Endpoint(server.Url()), get_), IsOkAndHolds(HttpAnswer{200, "yes"}));
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST_F(HttpClientTest, SaysThatNobodyIsThere) {
  std::string url;
  {
    const HttpDouble gone(Yes, nullptr);
    url = gone.Url();
  }
  EXPECT_THAT(Exchange(Endpoint(url), get_),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("connect"), Not(HasSubstr("nobody knows")))));
}

TEST_F(HttpClientTest, SaysThatTheOutcomeIsNotKnown) {
  for (const std::string answer : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}) {
    const HttpDouble server([&](const std::string&) { return answer; }, nullptr);
    EXPECT_THAT(Exchange(Endpoint(server.Url()), get_),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody knows")));
  }
}

TEST_F(HttpClientTest, EndsWithItsTime) {
  absl::Notification over;
  const HttpDouble server(
      [&](const std::string&) {
        over.WaitForNotification();
        return std::string();
      },
      nullptr);
  EXPECT_THAT(Exchange(Endpoint(server.Url()), get_, absl::Milliseconds(50)),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("timed out"), HasSubstr("nobody knows"))));
  over.Notify();
  EXPECT_THAT(Exchange(Endpoint(server.Url()), get_, absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kUnavailable, "there was no time to ask"));
}

TEST_F(HttpClientTest, RefusesAnAnswerWithoutEnd) {
  const HttpDouble server(
      [](const std::string&) { return "HTTP/1.1 200 OK\r\n\r\n" + std::string(33 << 20, 'x'); },
      nullptr);
  EXPECT_THAT(Exchange(Endpoint(server.Url()), get_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("longer than 33554432 bytes")));
}

TEST_F(HttpClientTest, ReadsTheCredentialsForEachRequest) {
  std::string seen;
  const HttpDouble server(
      [&](const std::string& request) {
        seen = request;
        return Yes(request);
      },
      nullptr);
  HttpClient client(Endpoint(server.Url()), clock_);
  ASSERT_OK(client.Exchange(get_, absl::InfiniteFuture()));
  Write("password", "changed\n");
  ASSERT_OK(client.Exchange(get_, absl::InfiniteFuture()));
  EXPECT_THAT(seen, HasSubstr(absl::Base64Escape("admin:changed")));
}

TEST_F(HttpClientTest, NamesTheFileAndNotItsContent) {
  Write("password", "two\nlines");
  EXPECT_THAT(Exchange(Endpoint("http://127.0.0.1:1"), get_),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr(directory_.File("password")), Not(HasSubstr("lines\"")),
                             Not(HasSubstr("two")))));
  HttpEndpoint absent = Endpoint("http://127.0.0.1:1");
  absent.user_file = "/nonexistent/user";
  EXPECT_THAT(Exchange(absent, get_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("/nonexistent/user")));
}

class HttpsClientTest : public HttpClientTest {
 protected:
  const TestCertificate certificate_ = testing::MakeTestCertificate("IP:127.0.0.1");
  HttpDouble server_{Yes, &certificate_};
};

TEST_F(HttpsClientTest, TrustsTheGivenAuthority) {
  HttpEndpoint endpoint = Endpoint(server_.Url());
  endpoint.ca_file = Write("ca.crt", certificate_.certificate);
  EXPECT_THAT(Exchange(endpoint, get_), IsOkAndHolds(HttpAnswer{200, "yes"}));
  endpoint.pinned_key = certificate_.pinned_key;
  EXPECT_THAT(Exchange(endpoint, get_), IsOkAndHolds(HttpAnswer{200, "yes"}));
}

TEST_F(HttpsClientTest, TrustsThePinnedKeyAlone) {
  HttpEndpoint endpoint = Endpoint(server_.Url());
  endpoint.pinned_key = certificate_.pinned_key;
  EXPECT_THAT(Exchange(endpoint, get_), IsOkAndHolds(HttpAnswer{200, "yes"}));
}

TEST_F(HttpsClientTest, TrustsNobodyElse) {
  const TestCertificate other = testing::MakeTestCertificate("IP:127.0.0.1");
  const auto stranger =
      StatusIs(absl::StatusCode::kInternal, HasSubstr("does not prove who it is"));
  HttpEndpoint endpoint = Endpoint(server_.Url());
  EXPECT_THAT(Exchange(endpoint, get_), stranger) << "by default";
  endpoint.ca_file = Write("ca.crt", other.certificate);
  EXPECT_THAT(Exchange(endpoint, get_), stranger) << "another authority";
  endpoint.pinned_key = certificate_.pinned_key;
  EXPECT_THAT(Exchange(endpoint, get_), stranger) << "the key does not make up for it";
  endpoint.ca_file = Write("ca.crt", certificate_.certificate);
  endpoint.pinned_key = other.pinned_key;
  EXPECT_THAT(Exchange(endpoint, get_), stranger) << "another key";
  endpoint.ca_file = "";
  EXPECT_THAT(Exchange(endpoint, get_), stranger) << "another key alone";
}

TEST_F(HttpsClientTest, OutlivesAServerThatHangsUp) {
  HttpEndpoint endpoint = Endpoint(server_.Url());
  endpoint.pinned_key = certificate_.pinned_key;
  server_.HangUp();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Exchange(endpoint, {"PUT", "/", std::string(8 << 20, 'q')}),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody knows")));
  }
}

TEST_F(HttpsClientTest, WantsTheNameOfTheUrl) {
  HttpEndpoint endpoint = Endpoint(server_.Url());
  endpoint.url.replace(endpoint.url.find("127.0.0.1"), 9, "localhost");
  endpoint.ca_file = Write("ca.crt", certificate_.certificate);
  EXPECT_THAT(Exchange(endpoint, get_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("does not prove who it is")));
}

}  // namespace
}  // namespace nvmeof::backend
