#include "server/serve.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "nvmeof/v1/target_agent.grpc.pb.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::server {
namespace {

// Asks the process to stop from within a call, and may then hang as a dead device would make it.
class Agent final : public v1::TargetAgent::Service {
 public:
  grpc::Status GetAgent(grpc::ServerContext* /*context*/, const v1::GetAgentRequest* /*request*/,
                        v1::GetAgentResponse* /*response*/) override {
    ::kill(::getpid(), SIGTERM);
    return grpc::Status::OK;
  }
  grpc::Status ListVolumes(grpc::ServerContext* /*context*/,
                           const v1::ListVolumesRequest* /*request*/,
                           v1::ListVolumesResponse* /*response*/) override {
    ::kill(::getpid(), SIGTERM);
    absl::Notification().WaitForNotification();
    return grpc::Status::OK;
  }
};

// Everything is made in the child, after its stop signal, so that no thread of it takes the signal.
template <typename Call>
[[noreturn]] void ServeAndCall(const Endpoint& endpoint, Call call) {
  StopSignal stop;
  Agent agent;
  std::thread caller([&endpoint, &call] {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 1);  // the server may be later than us
    const auto stub = v1::TargetAgent::NewStub(grpc::CreateCustomChannel(
        endpoint.address(), grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    call(*stub, context);
  });
  const absl::Status served = Serve(endpoint, {&agent}, stop);
  caller.join();
  std::exit(served.ok() ? 7 : 1);
}

// The child of a "threadsafe" death test runs the test again from its beginning; the environment
// tells it the folder that its parent looks into.
class ServeTest : public ::testing::Test {
 protected:
  static constexpr char kFolder[] = "NVMEOF_SERVE_TEST_FOLDER";

  ServeTest() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    if (std::getenv(kFolder) == nullptr) {
      ::setenv(kFolder, own_folder_.emplace().path().c_str(), 1);
    }
    folder_ = std::getenv(kFolder);
    endpoint_ = *Endpoint::ParseUnix(absl::StrCat("unix://", folder_, "/csi.sock"));
  }
  ~ServeTest() override { ::unsetenv(kFolder); }

  std::optional<testing::TemporaryDirectory> own_folder_;
  std::string folder_;
  Endpoint endpoint_;
};

TEST_F(ServeTest, ReturnsAfterTheSignal) {
  const auto call = [](v1::TargetAgent::Stub& stub, grpc::ClientContext& context) {
    v1::GetAgentResponse response;
    stub.GetAgent(&context, {}, &response);
  };
  EXPECT_EXIT(ServeAndCall(endpoint_, call), ::testing::ExitedWithCode(7), "stopping");
  EXPECT_FALSE(std::filesystem::exists(endpoint_.socket_path()));
}

TEST_F(ServeTest, EndsTheProcessAndRemovesTheSocketWhileACallHangs) {
  const auto call = [](v1::TargetAgent::Stub& stub, grpc::ClientContext& context) {
    v1::ListVolumesResponse response;
    stub.ListVolumes(&context, {}, &response);
  };
  EXPECT_EXIT(ServeAndCall(endpoint_, call), ::testing::ExitedWithCode(0), "stopping");
  EXPECT_FALSE(std::filesystem::exists(endpoint_.socket_path()));
}

TEST_F(ServeTest, SaysWhyItCannotStart) {
  StopSignal stop;
  const Endpoint endpoint = *Endpoint::ParseUnix("unix://" + folder_ + "/absent/csi.sock");
  EXPECT_THAT(Serve(endpoint, {}, stop), testing::StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::server
