#include "backend/ceph/ceph_gateways.h"

#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "grpcpp/security/server_credentials.h"
#include "gtest/gtest.h"

#include "backend/ceph/gateway_methods.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/fakes/test_certificate.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::FakeCeph;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CephGatewaysTest : public ::testing::Test {
 protected:
  absl::StatusOr<::GatewayInfo> Info(absl::Duration patience = absl::Seconds(60)) {
    return gateways_.Ask(gateway::kGetGatewayInfo, ::GatewayInfoRequest(), clock_.Now() + patience);
  }

  base::MonotonicClock clock_;
  const testing::TemporaryDirectory directory_;
  FakeCeph ceph_{directory_.path(), FakeCeph::TwoGateways()};
  CephGateways gateways_{"ceph", ceph_.config(), clock_};
};

TEST_F(CephGatewaysTest, AsksOneGatewayAsLongAsItAnswers) {
  EXPECT_EQ(Info()->hostname(), "ceph-a");
  EXPECT_EQ(Info()->hostname(), "ceph-a");
}

TEST_F(CephGatewaysTest, GoesOverToTheNextAndStaysThere) {
  ASSERT_OK(Info());
  ceph_.Stop(0);
  EXPECT_EQ(Info()->hostname(), "ceph-b");
  ceph_.Start(0);
  EXPECT_EQ(Info()->hostname(), "ceph-b");
}

TEST_F(CephGatewaysTest, IsUnavailableWhenNoneIsThere) {
  ceph_.Stop(0);
  ceph_.Stop(1);
  EXPECT_THAT(Info(), StatusIs(absl::StatusCode::kUnavailable,
                               AllOf(HasSubstr("gateway unix://"), HasSubstr("get_gateway_info"))));
}

TEST_F(CephGatewaysTest, AGatewayThatHangsLeavesTimeToAskAnother) {
  ceph_.Hold(0);
  EXPECT_EQ(Info(absl::Seconds(2))->hostname(), "ceph-b");
  ceph_.Release(0);
}

TEST_F(CephGatewaysTest, EveryCallEndsAtItsDeadline) {
  ceph_.Hold(0);
  ceph_.Hold(1);
  const absl::Time deadline = clock_.Now() + absl::Milliseconds(300);
  EXPECT_THAT(Info(absl::Milliseconds(300)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no answer in time")));
  EXPECT_LT(clock_.Now(), deadline + absl::Seconds(20));
  EXPECT_THAT(Info(-absl::Seconds(1)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  ceph_.Release(0);
  ceph_.Release(1);
}

TEST_F(CephGatewaysTest, AnErrorInTheAnswerIsAnErrorOfTheCall) {
  ::RemoveHostRequest absent;
  absent.set_subsystem_nqn("nqn.2026-01.dev.nvmeof:none");
  const absl::Time deadline = clock_.Now() + absl::Seconds(60);
  EXPECT_THAT(
      gateways_.Ask(gateway::kRemoveHost, absent, deadline),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("remove_host: host is not found (2)")));
  EXPECT_EQ(gateways_.Ask(gateway::kRemoveHost, absent, deadline, {ENOENT})->status(), ENOENT);
  EXPECT_THAT(ceph_.calls(), ElementsAre("0 remove_host", "0 remove_host"))
      << "the gateway answered: no other is asked";
}

TEST_F(CephGatewaysTest, NamesTheKeyThatCannotBeRead) {
  CephConfig config = ceph_.config();
  config.tls = CephTls{"/nonexistent/ca.pem", "/nonexistent/cert.pem", "/nonexistent/key.pem"};
  CephGateways gateways("ceph", config, clock_);
  EXPECT_THAT(gateways.Ask(gateway::kGetGatewayInfo, ::GatewayInfoRequest(),
                           clock_.Now() + absl::Seconds(60)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/nonexistent/ca.pem")));
}

// A gateway that demands a certificate which `client` signed.
class CephTlsTest : public ::testing::Test {
 protected:
  absl::Status Ask(const std::optional<CephTls>& tls) {
    CephConfig config = ceph_.config();
    config.tls = tls;
    CephGateways gateways("ceph", config, clock_);
    return gateways
        .Ask(gateway::kGetGatewayInfo, ::GatewayInfoRequest(), clock_.Now() + absl::Seconds(60))
        .status();
  }
  std::string File(const std::string& name, const std::string& text) {
    std::ofstream(directory_.File(name)) << text;
    return directory_.File(name);
  }
  CephTls Files(const testing::TestCertificate& authority, const testing::TestCertificate& own) {
    return {File("ca", authority.certificate), File("cert", own.certificate), File("key", own.key)};
  }
  static std::shared_ptr<grpc::ServerCredentials> Demand(const testing::TestCertificate& server,
                                                         const testing::TestCertificate& client) {
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = client.certificate;
    options.pem_key_cert_pairs.push_back({server.key, server.certificate});
    return grpc::SslServerCredentials(options);
  }

  base::MonotonicClock clock_;
  const testing::TemporaryDirectory directory_;
  const testing::TestCertificate server_ = testing::MakeTestCertificate("DNS:localhost");
  const testing::TestCertificate client_ = testing::MakeTestCertificate("DNS:localhost");
  const testing::TestCertificate stranger_ = testing::MakeTestCertificate("DNS:localhost");
  FakeCeph ceph_{directory_.path(), FakeCeph::TwoGateways(), nullptr, Demand(server_, client_)};
};

TEST_F(CephTlsTest, ShowsItsCertificateToTheGatewayThatItKnows) {
  EXPECT_OK(Ask(Files(server_, client_)));
}

TEST_F(CephTlsTest, NeitherTrustsAStrangerNorIsTrustedAsOne) {
  EXPECT_THAT(Ask(Files(stranger_, client_)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Ask(Files(server_, stranger_)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Ask(std::nullopt), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(ceph_.calls(), ::testing::IsEmpty());
}

TEST(GatewayStatusTest, KnowsTheErrnosOfEitherSign) {
  using absl::StatusCode;
  const std::vector<std::pair<int, StatusCode>> meanings = {
      {0, StatusCode::kOk},
      {ENOENT, StatusCode::kNotFound},
      {-ENODEV, StatusCode::kNotFound},
      {EEXIST, StatusCode::kAlreadyExists},
      {E2BIG, StatusCode::kResourceExhausted},
      {EBUSY, StatusCode::kUnavailable},
      {ETIMEDOUT, StatusCode::kUnavailable},
      {ESHUTDOWN, StatusCode::kUnavailable},
      {EACCES, StatusCode::kFailedPrecondition},
      {EINVAL, StatusCode::kInternal},
      {32602, StatusCode::kInternal}};
  for (const auto& [status, code] : meanings) {
    EXPECT_EQ(GatewayStatus(status, "words").code(), code) << status;
  }
}

}  // namespace
}  // namespace nvmeof::backend
