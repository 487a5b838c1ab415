#include "server/kubelet_registration.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/unique_fd.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/kubelet_double.h"

namespace nvmeof::server {
namespace {

using ::nvmeof::testing::KubeletDouble;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr char kDriver[] = "csi.test.dev";
// Longer than any wait of a first, or of a last try.
constexpr absl::Duration kFirstWait = absl::Seconds(2);
constexpr absl::Duration kAnyWait = absl::Minutes(1);

class Node final : public ::csi::v1::Node::Service {
 public:
  grpc::Status NodeGetInfo(grpc::ServerContext* /*context*/,
                           const ::csi::v1::NodeGetInfoRequest* /*request*/,
                           ::csi::v1::NodeGetInfoResponse* response) override {
    response->set_node_id("node-1");
    return grpc::Status::OK;
  }
};

class KubeletRegistrationTest : public ::testing::Test {
 protected:
  KubeletRegistrationTest() {
    fs::create_directory(registry_);
    registration_.emplace(KubeletOffer{Parse(socket_), kDriver, csi_socket_}, clock_, 1);
  }

  static Endpoint Parse(const std::string& path) { return *Endpoint::ParseUnix("unix:" + path); }

  bool Offered() const { return fs::is_socket(fs::symlink_status(socket_)); }
  absl::Status Registered() const { return registration_->Registered(); }
  void ServeCsi() {
    auto server = RpcServer::Start(Parse(csi_socket_), {&node_});
    ASSERT_OK(server);
    csi_ = *std::move(server);
  }

  const testing::TemporaryDirectory kubelet_folder_;
  const std::string registry_ = kubelet_folder_.File("plugins_registry");
  const std::string socket_ = registry_ + "/" + kDriver + "-reg.sock";
  const std::string csi_socket_ = kubelet_folder_.File("csi.sock");
  const KubeletDouble kubelet_{socket_};
  testing::FakeClock clock_;
  Node node_;
  std::unique_ptr<RpcServer> csi_;
  std::optional<KubeletRegistration> registration_;
};

TEST_F(KubeletRegistrationTest, SaysWhoIsThere) {
  registration_->Tick();
  const auto info = kubelet_.Ask();
  EXPECT_EQ(info.type(), "CSIPlugin");
  EXPECT_EQ(info.name(), kDriver);
  EXPECT_EQ(info.endpoint(), csi_socket_);
  EXPECT_THAT(info.supported_versions(), ElementsAre("1.0.0"));
}

TEST_F(KubeletRegistrationTest, IsRegisteredWhenTheKubeletSaysSo) {
  ServeCsi();
  EXPECT_THAT(Registered(),
              StatusIs(absl::StatusCode::kUnavailable, "not yet offered to the kubelet"));
  registration_->Tick();
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable,
                                     AllOf(HasSubstr("not yet registered"), HasSubstr(socket_))));
  EXPECT_EQ(kubelet_.Register(), "node-1");
  EXPECT_OK(Registered());
  registration_->Tick();
  EXPECT_TRUE(Offered());
}

TEST_F(KubeletRegistrationTest, ARestartedKubeletRegistersItAgain) {
  ServeCsi();
  registration_->Tick();
  for (int starts = 0; starts < 3; ++starts) {
    EXPECT_EQ(kubelet_.Register(), "node-1");
    registration_->Tick();
    EXPECT_OK(Registered());
    EXPECT_TRUE(Offered());
  }
}

TEST_F(KubeletRegistrationTest, ARefusalTakesTheSocketAwayAndItIsOfferedAgainLater) {
  registration_->Tick();
  EXPECT_EQ(kubelet_.Register(), "");  // nobody serves CSI
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable,
                                     "the kubelet refused the driver: NodeGetInfo failed"));
  registration_->Tick();
  EXPECT_FALSE(Offered());
  registration_->Tick();
  EXPECT_FALSE(Offered());
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("refused")));

  ServeCsi();
  clock_.Advance(kFirstWait);
  registration_->Tick();
  ASSERT_TRUE(Offered());
  EXPECT_EQ(kubelet_.Register(), "node-1");
  EXPECT_OK(Registered());
}

TEST_F(KubeletRegistrationTest, EachRefusalMakesTheWaitLonger) {
  for (int refusals = 0; refusals < 2; ++refusals) {
    clock_.Advance(kAnyWait);
    registration_->Tick();
    kubelet_.Register();
    registration_->Tick();
  }
  clock_.Advance(kFirstWait * 0.7);
  registration_->Tick();
  EXPECT_FALSE(Offered());
  clock_.Advance(kAnyWait);
  registration_->Tick();
  EXPECT_TRUE(Offered());
}

TEST_F(KubeletRegistrationTest, AKubeletThatTriesAgainByItselfNeedsNoNewSocket) {
  registration_->Tick();
  kubelet_.Register();
  ServeCsi();
  kubelet_.Register();
  registration_->Tick();
  EXPECT_TRUE(Offered());
  EXPECT_OK(Registered());
}

TEST_F(KubeletRegistrationTest, ReplacesTheSocketOfACrash) {
  {
    const base::UniqueFd crashed(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.c_str(), socket_.size() + 1);
    ASSERT_EQ(::bind(crashed.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
  }
  ASSERT_TRUE(Offered());
  registration_->Tick();
  EXPECT_EQ(kubelet_.Ask().name(), kDriver);
}

TEST_F(KubeletRegistrationTest, OffersAnewWhenSomebodyRemovesTheSocket) {
  ServeCsi();
  registration_->Tick();
  kubelet_.Register();
  fs::remove(socket_);
  registration_->Tick();
  EXPECT_TRUE(Offered());
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(kubelet_.Register(), "node-1");
  EXPECT_OK(Registered());
}

TEST_F(KubeletRegistrationTest, WaitsForAFolderThatIsNotThere) {
  fs::remove(registry_);
  registration_->Tick();
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable,
                                     AllOf(HasSubstr(socket_), HasSubstr("No such file"))));
  fs::create_directory(registry_);
  registration_->Tick();
  EXPECT_FALSE(Offered());
  clock_.Advance(kFirstWait);
  registration_->Tick();
  EXPECT_EQ(kubelet_.Ask().name(), kDriver);
}

TEST_F(KubeletRegistrationTest, OffersAnewWhenTheFolderIsEmptiedAndMadeAgain) {
  registration_->Tick();
  fs::remove_all(registry_);
  registration_->Tick();
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("No such file")));
  fs::create_directory(registry_);
  clock_.Advance(kFirstWait);
  registration_->Tick();
  EXPECT_TRUE(Offered());
}

TEST_F(KubeletRegistrationTest, SaysWhyItCannotOffer) {
  fs::create_directory(socket_);
  registration_->Tick();
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable,
                                     AllOf(HasSubstr("cannot offer the driver to the kubelet"),
                                           HasSubstr("is not a socket"))));
  fs::remove(socket_);
  clock_.Advance(kFirstWait);
  registration_->Tick();
  EXPECT_TRUE(Offered());
}

TEST_F(KubeletRegistrationTest, SaysWhenNothingCanBeMadeInTheFolder) {
  const std::string nowhere = "/proc/self/a-reg.sock";  // not even by root
  registration_.emplace(KubeletOffer{Parse(nowhere), kDriver, csi_socket_}, clock_, 1);
  registration_->Tick();
  EXPECT_THAT(Registered(), StatusIs(absl::StatusCode::kUnavailable,
                                     AllOf(HasSubstr("cannot listen on"), HasSubstr(nowhere))));
}

TEST_F(KubeletRegistrationTest, TheEndTakesTheSocketAway) {
  registration_->Tick();
  registration_.reset();
  EXPECT_FALSE(fs::exists(fs::symlink_status(socket_)));
}

}  // namespace
}  // namespace nvmeof::server
