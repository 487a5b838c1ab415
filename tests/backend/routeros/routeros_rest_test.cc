#include "backend/routeros/routeros_rest.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_routeros.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CannedTransport final : public HttpTransport {
 public:
  CannedTransport(HttpRequest& request, absl::StatusOr<HttpAnswer> answer)
      : request_(request), answer_(std::move(answer)) {}
  absl::StatusOr<HttpAnswer> Exchange(const HttpRequest& request, absl::Time) override {
    request_ = request;
    return answer_;
  }
  std::string Describe() const override { return "https://router"; }

 private:
  HttpRequest& request_;
  const absl::StatusOr<HttpAnswer> answer_;
};

class RouterosRestTest : public ::testing::Test {
 protected:
  RouterosRest Rest(absl::StatusOr<HttpAnswer> answer) {
    return RouterosRest(std::make_unique<CannedTransport>(request_, std::move(answer)), clock_);
  }

  const absl::Time deadline_ = absl::InfiniteFuture();
  testing::FakeClock clock_;
  HttpRequest request_;
};

TEST_F(RouterosRestTest, PrintsAMenu) {
  EXPECT_THAT(
      Rest({{200, R"([{".id":"*1","slot":"a","mounted":"true","x":1}])"}})
          .Print("disk", "", "", {}, deadline_),
      IsOkAndHolds(ElementsAre(RouterosItem{{".id", "*1"}, {"slot", "a"}, {"mounted", "true"}})));
  EXPECT_EQ(request_, (HttpRequest{"GET", "/rest/disk", ""}));
}

TEST_F(RouterosRestTest, PrintsWhatIsLookedForAndNothingElse) {
  // A router that takes no filter.
  EXPECT_THAT(Rest({{200, R"([{"name":"a b/*c"},{"name":"d"}])"}})
                  .Print("file", "name", "a b/*c", {".id", "name"}, deadline_),
              IsOkAndHolds(ElementsAre(RouterosItem{{"name", "a b/*c"}})));
  EXPECT_EQ(request_.path, "/rest/file?.proplist=.id,name&name=a%20b/*c");
}

// Some releases refuse an id in the URL, all an encoded asterisk.
TEST_F(RouterosRestTest, NamesIdsInTheBody) {
  ASSERT_OK(Rest({{200, "[]"}}).Set("disk", "*1A", {{"comment", "\"a\""}}, deadline_));
  EXPECT_EQ(request_,
            (HttpRequest{"POST", "/rest/disk/set", R"({".id":"*1A","comment":"\"a\""})"}));
  ASSERT_OK(Rest({{200, "[]"}}).Remove("file", "*0", deadline_));
  EXPECT_EQ(request_, (HttpRequest{"POST", "/rest/file/remove", R"({".id":"*0"})"}));
  ASSERT_OK(Rest({{201, "{}"}}).Add("disk", {{"slot", "a"}}, deadline_));
  EXPECT_EQ(request_, (HttpRequest{"PUT", "/rest/disk", R"({"slot":"a"})"}));
}

TEST_F(RouterosRestTest, NamesTheRouterAndTheMenuOfAnError) {
  EXPECT_THAT(Rest({{400, R"({"error":400,"message":"Bad Request","detail":"no such item"})"}})
                  .Remove("disk", "*1", deadline_),
              StatusIs(absl::StatusCode::kNotFound,
                       "https://router: POST /rest/disk/remove: Bad Request: no such item (400)"));
  EXPECT_THAT(Rest({{200, "<html>"}}).Print("disk", "", "", {}, deadline_),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("https://router"), HasSubstr("not understood"))));
}

TEST_F(RouterosRestTest, KnowsBothSpellingsOfTruth) {
  for (const auto& [value, truth] : {std::pair("true", true), std::pair("yes", true),
                                     std::pair("false", false), std::pair("no", false)}) {
    EXPECT_EQ(IsTrue({{"a", value}}, "a"), truth) << value;
  }
  EXPECT_FALSE(IsTrue({}, "a"));
}

TEST_F(RouterosRestTest, MapsErrors) {
  const auto detail = [](const std::string& text) {
    return R"({"error":400,"message":"Bad Request","detail":")" + text + "\"}";
  };
  const std::vector<std::pair<std::string, absl::StatusCode>> details = {
      {"failure: already have such slot", absl::StatusCode::kAlreadyExists},
      {"failure: not enough space", absl::StatusCode::kResourceExhausted},
      {"failure: disk is in use", absl::StatusCode::kFailedPrecondition},
      {"no such item", absl::StatusCode::kNotFound},
      {"unknown parameter nvme-tcp-export", absl::StatusCode::kInternal},
      {"std failure: not allowed (9)", absl::StatusCode::kInternal}};
  for (const auto& [text, code] : details) {
    EXPECT_THAT(RouterosStatus(400, detail(text)), StatusIs(code, HasSubstr(text)));
  }
  EXPECT_OK(RouterosStatus(201, "{}"));
  EXPECT_THAT(RouterosStatus(401, R"({"error":401,"message":"Unauthorized"})"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("refuses our user or password")));
  EXPECT_THAT(RouterosStatus(404, R"({"error":404,"message":"Not Found"})"),
              StatusIs(absl::StatusCode::kInternal, "Not Found (404)"));
  EXPECT_THAT(RouterosStatus(503, "<html>"),
              StatusIs(absl::StatusCode::kUnavailable, "it gives no reason (503)"));
}

TEST_F(RouterosRestTest, AsksOneThingAtATime) {
  testing::FakeRouteros router;
  RouterosRest rest(router.Connect(), clock_);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) EXPECT_OK(rest.Print("disk", "", "", {}, deadline_));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(router.most_at_once(), 1);
}

}  // namespace
}  // namespace nvmeof::backend
