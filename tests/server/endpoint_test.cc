#include "server/endpoint.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/unique_fd.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::server {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

TEST(EndpointTest, ReadsBothFormsOfAUnixSocket) {
  for (const char* text : {"unix:///csi/csi.sock", "unix:/csi/csi.sock"}) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::ParseUnix(text);
    ASSERT_OK(endpoint) << text;
    EXPECT_EQ(endpoint->address(), "unix:/csi/csi.sock");
    EXPECT_EQ(endpoint->socket_path(), "/csi/csi.sock");
    EXPECT_TRUE(endpoint->local());
  }
}

TEST(EndpointTest, RefusesWhatIsNoUnixSocket) {
  const std::string too_long = "unix:///" + std::string(103, 'x') + ".sock";
  for (const std::string& text :
       {std::string(), std::string("/csi/csi.sock"), std::string("unix:csi.sock"),
        std::string("unix://csi/csi.sock"), std::string("unix:///csi/csi"),
        std::string("unix:///csi/.sock"), std::string("tcp://127.0.0.1:1"), too_long}) {
    EXPECT_THAT(Endpoint::ParseUnix(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(EndpointTest, TakesThePathOfTheLongestSocketThatTheKernelTakes) {
  EXPECT_OK(Endpoint::ParseUnix("unix:///" + std::string(101, 'x') + ".sock"));
}

struct TcpCase {
  std::string text;
  std::string address;
  bool local;
};

TEST(EndpointTest, ReadsTcpAddressesAndKnowsTheLocalOnes) {
  for (const TcpCase& row :
       {TcpCase{"127.0.0.1:4421", "127.0.0.1:4421", true},
        TcpCase{"127.9.9.9:1", "127.9.9.9:1", true}, TcpCase{"[::1]:65535", "[::1]:65535", true},
        TcpCase{"0.0.0.0:4421", "0.0.0.0:4421", false},
        TcpCase{"192.0.2.1:4421", "192.0.2.1:4421", false},
        TcpCase{"[::]:4421", "[::]:4421", false},
        TcpCase{"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", false}}) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::ParseTcp(row.text);
    ASSERT_OK(endpoint) << row.text;
    EXPECT_EQ(endpoint->address(), row.address);
    EXPECT_EQ(endpoint->local(), row.local) << row.text;
    EXPECT_EQ(endpoint->socket_path(), "");
  }
}

TEST(EndpointTest, RefusesWhatIsNoTcpAddress) {
  for (const char* text : {"", "4421", ":4421", "localhost:4421", "127.0.0.1",
                           "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1",
                           "127.0.0.1: 1", "::1:4421", "[::1]", "[127.0.0.1]:1", "1.2.3:4"}) {
    EXPECT_THAT(Endpoint::ParseTcp(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

class MakeRoomTest : public ::testing::Test {
 protected:
  // A bound socket; nobody answers on it until somebody listens.
  base::UniqueFd Bind() const {
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  const testing::TemporaryDirectory folder_;
  const std::string path_ = folder_.File("csi.sock");
  const Endpoint endpoint_ = *Endpoint::ParseUnix("unix://" + path_);
};

TEST_F(MakeRoomTest, IsContentWithAnEmptyPlace) { EXPECT_OK(MakeRoom(endpoint_)); }

TEST_F(MakeRoomTest, RemovesASocketThatNobodyAnswersOn) {
  Bind();
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_OK(MakeRoom(endpoint_));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(MakeRoomTest, LeavesASocketThatSomebodyAnswersOn) {
  const base::UniqueFd fd = Bind();
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  EXPECT_THAT(MakeRoom(endpoint_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_)));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(MakeRoomTest, LeavesAFileThatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(MakeRoom(endpoint_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not a socket")));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(MakeRoomTest, DoesNotMakeTheFolder) {
  const Endpoint endpoint = *Endpoint::ParseUnix("unix://" + folder_.File("absent/csi.sock"));
  EXPECT_THAT(MakeRoom(endpoint), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(folder_.File("absent")));
}

TEST_F(MakeRoomTest, HasNothingToDoForTcp) {
  EXPECT_OK(MakeRoom(*Endpoint::ParseTcp("127.0.0.1:4421")));
}

}  // namespace
}  // namespace nvmeof::server
