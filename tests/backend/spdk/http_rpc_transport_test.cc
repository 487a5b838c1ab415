#include "backend/spdk/http_rpc_transport.h"

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/spdk/spdk_backend.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_spdk.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CannedHttp final : public HttpTransport {
 public:
  CannedHttp(HttpRequest& request, absl::StatusOr<HttpAnswer> answer)
      : request_(request), answer_(std::move(answer)) {}
  absl::StatusOr<HttpAnswer> Exchange(const HttpRequest& request, absl::Time) override {
    request_ = request;
    return answer_;
  }
  std::string Describe() const override { return "https://proxy:8000"; }

 private:
  HttpRequest& request_;
  const absl::StatusOr<HttpAnswer> answer_;
};

class HttpRpcTransportTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Exchange(absl::StatusOr<HttpAnswer> answer) {
    HttpRpcTransport transport(std::make_unique<CannedHttp>(request_, std::move(answer)));
    EXPECT_EQ(transport.Describe(), "https://proxy:8000");
    return transport.Exchange(R"({"id":1})", absl::InfiniteFuture());
  }

  HttpRequest request_;
};

TEST_F(HttpRpcTransportTest, CarriesTheRequestAndItsAnswerErrorsAmongThem) {
  EXPECT_THAT(Exchange({{200, R"({"id":1,"error":{"code":-19}})"}}),
              IsOkAndHolds(R"({"id":1,"error":{"code":-19}})"));
  EXPECT_EQ(request_, (HttpRequest{"POST", "/", R"({"id":1})"}));
}

TEST_F(HttpRpcTransportTest, TellsARefusalFromAnUnknownOutcome) {
  EXPECT_THAT(Exchange({{401, ""}}),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("user or password"), Not(HasSubstr("nobody knows")))));
  EXPECT_THAT(Exchange({{400, ""}}), StatusIs(absl::StatusCode::kInternal, HasSubstr("400")));
  for (const HttpAnswer& answer :
       {HttpAnswer{500, ""}, HttpAnswer{200, ""}, HttpAnswer{200, R"({"id":1,"resu)"}}) {
    EXPECT_THAT(Exchange({answer}),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody knows")));
  }
  EXPECT_THAT(Exchange(absl::UnavailableError("refused")),
              StatusIs(absl::StatusCode::kUnavailable, "refused"));
}

// A proxy: HTTP on one side, the target's RPCs on the other.
class Proxy final : public HttpTransport {
 public:
  explicit Proxy(testing::FakeSpdk& spdk) : spdk_(spdk) {}
  absl::StatusOr<HttpAnswer> Exchange(const HttpRequest& request, absl::Time) override {
    const absl::StatusOr<std::string> answer = spdk_.Exchange(request.body);
    if (!answer.ok()) return HttpAnswer{500, ""};
    return HttpAnswer{200, *answer};
  }
  std::string Describe() const override { return "proxy"; }

 private:
  testing::FakeSpdk& spdk_;
};

TEST(SpdkOverHttpTest, AVolumeLivesOverTheProxy) {
  testing::FakeSpdk spdk;
  testing::FakeClock clock;
  SpdkBackend backend(
      "far", {.socket = "", .lvol_store = "store", .portals = {{"tcp", "192.0.2.1", "4420"}}},
      std::make_unique<HttpRpcTransport>(std::make_unique<Proxy>(spdk)), clock);
  const absl::Time deadline = absl::InfiniteFuture();
  const CreateRequest request = {
      .name = "pvc-1", .size = {.required_bytes = 16 << 20}, .fingerprint = "words", .context = {}};
  const volume::VolumeId id = backend.Create(request, deadline)->id;
  const volume::Nqn host = *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:a");
  const Volume exported =
      backend.ExportTo(id, {host, ExportMode::kSingleNode, "rw"}, deadline).value();
  EXPECT_TRUE(spdk.ConnectHost(exported.target.subsystem.text(), host.text()));
  // The proxy lost the target's answer.
  spdk.FailAt(1, testing::FakeSpdk::Fault::kLost);
  EXPECT_THAT(backend.Unexport(id, host, deadline), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(backend.Unexport(id, host, deadline));
  EXPECT_OK(backend.Delete(id, deadline));
}

}  // namespace
}  // namespace nvmeof::backend
