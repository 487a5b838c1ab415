#include "backend/routeros/routeros_rest.h"

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
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
using ::testing::SizeIs;

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

// A router whose one disk has the slot "a" and the id "*1A".
class RouterOfOneDisk {
 public:
  explicit RouterOfOneDisk(testing::FakeClock& clock) : clock_(clock) {}

  std::unique_ptr<HttpTransport> Connect() { return std::make_unique<Transport>(*this); }
  // How long each request takes.
  void SetDelay(absl::Duration delay) {
    const absl::MutexLock lock(&mutex_);
    delay_ = delay;
  }
  std::vector<HttpRequest> requests() {
    const absl::MutexLock lock(&mutex_);
    return requests_;
  }
  absl::Time last_deadline() {
    const absl::MutexLock lock(&mutex_);
    return last_deadline_;
  }

 private:
  class Transport final : public HttpTransport {
   public:
    explicit Transport(RouterOfOneDisk& router) : router_(router) {}
    absl::StatusOr<HttpAnswer> Exchange(const HttpRequest& request, absl::Time deadline) override {
      return router_.Answer(request, deadline);
    }
    std::string Describe() const override { return "https://router"; }

   private:
    RouterOfOneDisk& router_;
  };

  HttpAnswer Answer(const HttpRequest& request, absl::Time deadline) {
    const absl::MutexLock lock(&mutex_);
    requests_.push_back(request);
    last_deadline_ = deadline;
    clock_.Advance(delay_);
    return {200, request.method == "GET" ? R"([{".id":"*1A","slot":"a"}])" : "[]"};
  }

  testing::FakeClock& clock_;
  absl::Mutex mutex_;
  absl::Duration delay_ ABSL_GUARDED_BY(mutex_);
  std::vector<HttpRequest> requests_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_deadline_ ABSL_GUARDED_BY(mutex_);
};

class RouterosRestTest : public ::testing::Test {
 protected:
  RouterosRest Rest(absl::StatusOr<HttpAnswer> answer) {
    return RouterosRest(std::make_unique<CannedTransport>(request_, std::move(answer)), clock_);
  }

  const absl::Time deadline_ = absl::InfiniteFuture();
  testing::FakeClock clock_;
  HttpRequest request_;
  RouterOfOneDisk router_{clock_};
};

const HttpRequest kLook = {"GET", "/rest/disk?.proplist=.id,slot&slot=a", ""};

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
  RouterosRest rest(router_.Connect(), clock_);
  ASSERT_OK(rest.Set({"disk", "slot", "a"}, {{"comment", "\"a\""}}, deadline_));
  ASSERT_OK(rest.Remove({"disk", "slot", "a"}, deadline_));
  EXPECT_THAT(
      router_.requests(),
      ElementsAre(kLook,
                  HttpRequest{"POST", "/rest/disk/set", R"({".id":"*1A","comment":"\"a\""})"},
                  kLook, HttpRequest{"POST", "/rest/disk/remove", R"({".id":"*1A"})"}));
}

TEST_F(RouterosRestTest, AddsAnItem) {
  ASSERT_OK(Rest({{201, "{}"}}).Add("disk", {{"slot", "a"}}, deadline_));
  EXPECT_EQ(request_, (HttpRequest{"PUT", "/rest/disk", R"({"slot":"a"})"}));
}

TEST_F(RouterosRestTest, ChangesNothingWhereItIsNotClearWhatIsMeant) {
  RouterosRest rest(router_.Connect(), clock_);
  EXPECT_THAT(rest.Remove({"disk", "slot", "b"}, deadline_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(router_.requests(), SizeIs(1));
  for (const char* items :
       {R"([{".id":"*1","slot":"a"},{".id":"*2","slot":"a"}])", R"([{"slot":"a"}])"}) {
    EXPECT_THAT(Rest({{200, items}}).Remove({"disk", "slot", "a"}, deadline_),
                StatusIs(absl::StatusCode::kInternal, HasSubstr("not known which")));
    EXPECT_EQ(request_, kLook);
  }
}

// The router may have started anew since, and the id be another item's.
TEST_F(RouterosRestTest, UsesNoOldId) {
  RouterosRest rest(router_.Connect(), clock_);
  router_.SetDelay(absl::Seconds(5));
  EXPECT_OK(rest.Remove({"disk", "slot", "a"}, deadline_));
  router_.SetDelay(absl::Milliseconds(5001));
  EXPECT_THAT(rest.Remove({"disk", "slot", "a"}, deadline_),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("nothing was done")));
  EXPECT_THAT(router_.requests(), SizeIs(3));
}

TEST_F(RouterosRestTest, NobodyComesBetweenTheLookForAnIdAndItsUse) {
  RouterosRest rest(router_.Connect(), clock_);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) EXPECT_OK(rest.Set({"disk", "slot", "a"}, {}, deadline_));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<HttpRequest> requests = router_.requests();
  ASSERT_THAT(requests, SizeIs(800));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    ASSERT_EQ(requests[i].method, i % 2 == 0 ? "GET" : "POST") << i;
  }
}

// The router has cut it by then, or is dead, and others wait.
TEST_F(RouterosRestTest, NoRequestTakesLongerThanTheRouterGivesIt) {
  RouterosRest rest(router_.Connect(), clock_);
  ASSERT_OK(rest.Add("disk", {}, deadline_));
  EXPECT_EQ(router_.last_deadline(), clock_.Now() + absl::Seconds(65));
  ASSERT_OK(rest.Add("disk", {}, clock_.Now() + absl::Seconds(3)));
  EXPECT_EQ(router_.last_deadline(), clock_.Now() + absl::Seconds(3));
}

TEST_F(RouterosRestTest, NamesTheRouterAndTheMenuOfAnError) {
  EXPECT_THAT(
      Rest({{400, R"({"error":400,"message":"Bad Request","detail":"already have such slot"})"}})
          .Add("disk", {}, deadline_),
      StatusIs(absl::StatusCode::kAlreadyExists,
               "https://router: PUT /rest/disk: Bad Request: already have such slot (400)"));
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
