#include "csi/identity_service.h"

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/csi/captured_log.h"
#include "tests/csi/serving.h"
#include "tests/fakes/fake_clock.h"

namespace nvmeof::csi {
namespace {

using ::csi::v1::PluginCapability;
using ::nvmeof::testing::CapturedLog;
using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::Serving;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class IdentityServiceTest : public ::testing::Test {
 protected:
  template <typename Request, typename Response>
  Response Send(grpc::Status (::csi::v1::Identity::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*)) {
    grpc::ClientContext context;
    Response response;
    status_ = (*stub_.*method)(&context, Request(), &response);
    return response;
  }

  // A call of the server's thread asks for it.
  void SetHealth(absl::Status health) {
    const absl::MutexLock lock(&mutex_);
    health_ = std::move(health);
  }

  FakeClock clock_;
  CapturedLog log_;
  base::Workers workers_{clock_, 1};
  RpcEdge edge_{clock_, workers_, {.log = log_.sink()}};
  absl::Mutex mutex_;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  IdentityService service_{edge_, {"csi.nvmeof.dev", "1.2.3"}, [this] {
                             const absl::MutexLock lock(&mutex_);
                             return health_;
                           }};
  Serving serving_{service_};
  std::unique_ptr<::csi::v1::Identity::Stub> stub_ =
      ::csi::v1::Identity::NewStub(serving_.channel());
  grpc::Status status_;
};

TEST_F(IdentityServiceTest, TellsNameAndVersion) {
  const auto info = Send(&::csi::v1::Identity::Stub::GetPluginInfo);
  EXPECT_EQ(info.name(), "csi.nvmeof.dev");
  EXPECT_EQ(info.vendor_version(), "1.2.3");
}

TEST_F(IdentityServiceTest, AnnouncesAControllerAndOnlineExpansion) {
  const auto reply = Send(&::csi::v1::Identity::Stub::GetPluginCapabilities);
  ASSERT_EQ(reply.capabilities_size(), 2);
  EXPECT_EQ(reply.capabilities(0).service().type(), PluginCapability::Service::CONTROLLER_SERVICE);
  EXPECT_EQ(reply.capabilities(1).volume_expansion().type(),
            PluginCapability::VolumeExpansion::ONLINE);
}

TEST_F(IdentityServiceTest, AnnouncesNoControllerWhereThereIsNone) {
  IdentityService alone(edge_, {"csi.nvmeof.dev", "1.2.3", false}, [] { return absl::OkStatus(); });
  const Serving serving(alone);
  stub_ = ::csi::v1::Identity::NewStub(serving.channel());
  const auto reply = Send(&::csi::v1::Identity::Stub::GetPluginCapabilities);
  ASSERT_EQ(reply.capabilities_size(), 1);
  EXPECT_TRUE(reply.capabilities(0).has_volume_expansion());
}

TEST_F(IdentityServiceTest, AnnouncesThatNotEveryNodeReachesEveryVolume) {
  IdentityService zoned(edge_, {"csi.nvmeof.dev", "1.2.3", true, true},
                        [] { return absl::OkStatus(); });
  const Serving serving(zoned);
  stub_ = ::csi::v1::Identity::NewStub(serving.channel());
  const auto reply = Send(&::csi::v1::Identity::Stub::GetPluginCapabilities);
  ASSERT_EQ(reply.capabilities_size(), 3);
  EXPECT_EQ(reply.capabilities(1).service().type(),
            PluginCapability::Service::VOLUME_ACCESSIBILITY_CONSTRAINTS);
}

TEST_F(IdentityServiceTest, IsReadyWhenHealthy) {
  const auto reply = Send(&::csi::v1::Identity::Stub::Probe);
  EXPECT_TRUE(status_.ok());
  EXPECT_TRUE(reply.ready().value());
}

// A sidecar that gets an error ends; one that is told to wait asks again.
TEST_F(IdentityServiceTest, IsNotReadyWhileSomethingIsMissing) {
  SetHealth(absl::NotFoundError("/dev/nvme-fabrics is absent"));
  const auto reply = Send(&::csi::v1::Identity::Stub::Probe);
  EXPECT_TRUE(status_.ok());
  EXPECT_TRUE(reply.has_ready());
  EXPECT_FALSE(reply.ready().value());
}

TEST_F(IdentityServiceTest, TheLogTellsEachChangeOfReadiness) {
  const auto probe = [this] { Send(&::csi::v1::Identity::Stub::Probe); };
  probe();
  SetHealth(absl::NotFoundError("absent"));
  probe();
  probe();
  SetHealth(absl::NotFoundError("forbidden"));
  probe();
  SetHealth(absl::OkStatus());
  probe();
  EXPECT_THAT(log_.lines(),
              ElementsAre(HasSubstr("debug rpc rpc=Probe"),
                          AllOf(HasSubstr("info rpc rpc=Probe"), HasSubstr("not_ready=absent")),
                          HasSubstr("debug rpc rpc=Probe"), HasSubstr("not_ready=forbidden"),
                          HasSubstr("info rpc rpc=Probe")));
}

}  // namespace
}  // namespace nvmeof::csi
