#include "server/serve.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "nvmeof/v1/target_agent.grpc.pb.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/http_client.h"
#include "tests/server/kubelet_double.h"

namespace nvmeof::server {
namespace {

constexpr std::uint16_t kHealthPort = 9810;

// Asks the process to stop from within a call, and may then hang as a dead device would make it.
class StoppingAgent final : public v1::TargetAgent::Service {
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
// `call` says whether all was well.
template <typename Call>
[[noreturn]] void ServeAnd(Served served, Call call) {
  StopSignal stop;
  StoppingAgent agent;
  served.services = {&agent};
  bool well = false;
  std::thread caller([&well, &call] { well = call(); });
  const absl::Status ended = Serve(served, stop);
  caller.join();
  std::exit(ended.ok() && well ? 7 : 1);
}

template <typename Call>
[[noreturn]] void ServeAndCall(const Endpoint& endpoint, Call call) {
  ServeAnd({.endpoint = endpoint, .services = {}}, [&endpoint, &call] {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 1);  // the server may be later than us
    const auto stub = v1::TargetAgent::NewStub(grpc::CreateCustomChannel(
        endpoint.address(), grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    call(*stub, context);
    return true;
  });
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
  EXPECT_THAT(Serve({endpoint, {}}, stop), testing::StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ServeTest, IsReadyWhenTheKubeletHasRegisteredIt) {
  const std::string plugin = absl::StrCat(folder_, "/plugins/d/csi.sock");
  const std::string registration = absl::StrCat(folder_, "/plugins_registry/d-reg.sock");
  for (const char* name : {"/plugins", "/plugins_registry"}) {
    std::filesystem::create_directory(folder_ + name);
  }
  const std::string address = testing::OwnLoopbackAddress();
  const auto page = [&address](const std::string& path) {
    return testing::HttpClient(address, kHealthPort).Ask("GET", path);
  };
  const auto register_it = [&] {
    const testing::KubeletDouble kubelet(registration);
    const bool told = kubelet.Ask().endpoint() == plugin;
    const bool not_ready = absl::StrContains(page("/readyz"), "not yet registered");
    const bool live = absl::EndsWith(page("/healthz"), "ok\n");
    kubelet.Say(true, "");
    const bool ready = absl::EndsWith(page("/readyz"), "ok\n");
    // Nobody finds a server whose socket is gone, and only a restart helps.
    std::filesystem::rename(plugin, plugin + ".away");
    const bool dead = absl::StrContains(page("/healthz"), " 503 ");
    std::filesystem::rename(plugin + ".away", plugin);
    ::kill(::getpid(), SIGTERM);
    return told && not_ready && live && ready && dead;
  };
  const Served served = {.endpoint = *Endpoint::ParseUnix(absl::StrCat("unix:", plugin)),
                         .services = {},
                         .health = *Endpoint::ParseTcp(absl::StrCat(address, ":", kHealthPort)),
                         .registration = *Endpoint::ParseUnix(absl::StrCat("unix:", registration)),
                         .driver_name = "d"};
  EXPECT_EXIT(ServeAnd(served, register_it), ::testing::ExitedWithCode(7), "stopping");
  EXPECT_FALSE(std::filesystem::exists(registration));
  EXPECT_FALSE(std::filesystem::exists(plugin));
}

TEST_F(ServeTest, IsReadyWhenTheCheckSaysSo) {
  const std::string address = testing::OwnLoopbackAddress();
  const Served served = {.endpoint = endpoint_,
                         .services = {},
                         .health = *Endpoint::ParseTcp(absl::StrCat(address, ":", kHealthPort)),
                         .ready = [] { return absl::NotFoundError("no module"); }};
  const auto probe = [&address] {
    // The listener may be later than us, and nothing else tells.
    testing::HttpClient client(address, kHealthPort);
    while (!client.connected()) client = testing::HttpClient(address, kHealthPort);
    const bool why = absl::EndsWith(client.Ask("GET", "/readyz"), "no module\n");
    ::kill(::getpid(), SIGTERM);
    return why;
  };
  EXPECT_EXIT(ServeAnd(served, probe), ::testing::ExitedWithCode(7), "stopping");
}

TEST_F(ServeTest, SaysWhyHealthCannotBeServed) {
  StopSignal stop;
  EXPECT_THAT(
      Serve(
          {.endpoint = endpoint_, .services = {}, .health = *Endpoint::ParseTcp("192.0.2.1:9809")},
          stop),
      testing::StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace nvmeof::server
