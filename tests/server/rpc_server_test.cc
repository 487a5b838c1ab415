#include "server/rpc_server.h"

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "nvmeof/v1/target_agent.grpc.pb.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::server {
namespace {

using ::nvmeof::testing::StatusIs;

// GetAgent answers at once; ListVolumes when it is let go.
class PatientAgent final : public v1::TargetAgent::Service {
 public:
  grpc::Status GetAgent(grpc::ServerContext* /*context*/, const v1::GetAgentRequest* /*request*/,
                        v1::GetAgentResponse* response) override {
    response->set_version("1");
    return grpc::Status::OK;
  }
  grpc::Status ListVolumes(grpc::ServerContext* /*context*/,
                           const v1::ListVolumesRequest* /*request*/,
                           v1::ListVolumesResponse* /*response*/) override {
    entered.Notify();
    leave.WaitForNotification();
    return grpc::Status::OK;
  }

  absl::Notification entered;
  absl::Notification leave;
};

class RpcServerTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<RpcServer>> Start() {
    return RpcServer::Start(endpoint_, {&agent_});
  }

  grpc::Status GetAgent() {
    grpc::ClientContext context;
    v1::GetAgentResponse response;
    return stub_->GetAgent(&context, {}, &response);
  }

  grpc::Status ListVolumes() {
    grpc::ClientContext context;
    v1::ListVolumesResponse response;
    return stub_->ListVolumes(&context, {}, &response);
  }

  const testing::TemporaryDirectory folder_;
  const std::string path_ = folder_.File("csi.sock");
  const Endpoint endpoint_ = *Endpoint::ParseUnix("unix://" + path_);
  PatientAgent agent_;
  const std::unique_ptr<v1::TargetAgent::Stub> stub_ = v1::TargetAgent::NewStub(
      grpc::CreateChannel(endpoint_.address(), grpc::InsecureChannelCredentials()));
};

TEST_F(RpcServerTest, ServesOnASocketOfItsOwnerAndGroup) {
  const auto server = Start();
  ASSERT_OK(server);
  EXPECT_TRUE(GetAgent().ok());
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms{0660});
}

TEST_F(RpcServerTest, RefusesASecondServerOnTheSameSocket) {
  const auto server = Start();
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(GetAgent().ok());
}

TEST_F(RpcServerTest, SaysWhenItCannotListen) {
  const auto endpoint = *Endpoint::ParseTcp("192.0.2.1:4421");  // an address of no machine
  EXPECT_THAT(RpcServer::Start(endpoint, {&agent_}), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RpcServerTest, AnswersWhileAnotherCallIsStuck) {
  const auto server = Start();
  std::thread stuck([this] { ListVolumes(); });
  agent_.entered.WaitForNotification();
  EXPECT_TRUE(GetAgent().ok());
  agent_.leave.Notify();
  stuck.join();
}

TEST_F(RpcServerTest, RefusesALongRequestOnly) {
  const auto server = Start();
  grpc::ClientContext context;
  v1::CreateVolumeRequest request;
  request.set_name(std::string(5 << 20, 'x'));
  v1::CreateVolumeResponse response;
  EXPECT_EQ(stub_->CreateVolume(&context, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(GetAgent().ok());
}

TEST_F(RpcServerTest, SaysWhetherItsSocketStillLeadsToIt) {
  const auto server = Start();
  ASSERT_OK(server);
  EXPECT_TRUE((*server)->Reachable());
  std::filesystem::rename(path_, path_ + ".away");
  EXPECT_FALSE((*server)->Reachable());
  std::ofstream(path_).flush();
  EXPECT_FALSE((*server)->Reachable());
  std::filesystem::rename(path_ + ".away", path_);
  EXPECT_TRUE((*server)->Reachable());
}

TEST_F(RpcServerTest, StopRemovesTheSocket) {
  const auto server = Start();
  (*server)->Stop(absl::ZeroDuration());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(RpcServerTest, StopLetsACallInFlightAnswer) {
  const auto server = Start();
  grpc::Status answer = grpc::Status::CANCELLED;
  std::thread caller([this, &answer] { answer = ListVolumes(); });
  agent_.entered.WaitForNotification();
  std::thread stopper([&server] { (*server)->Stop(absl::Seconds(30)); });
  agent_.leave.Notify();
  stopper.join();
  caller.join();
  EXPECT_TRUE(answer.ok());
}

}  // namespace
}  // namespace nvmeof::server
