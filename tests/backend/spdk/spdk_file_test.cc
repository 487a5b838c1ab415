// What the backends file says of an SPDK target behind a proxy.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/backends_file.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kFar[] = R"(
backends:
  - name: far
    type: spdk
    url: http://192.0.2.9:8000
    userFile: /secrets/user
    passwordFile: /secrets/password
    lvolStore: store
    portals: ["tcp://192.0.2.1:4420"]
    provisioning: thin
)";

TEST(SpdkFileTest, ReadsWhereTheProxyIs) {
  SpdkConfig wanted = {.socket = "",
                       .lvol_store = "store",
                       .portals = {{"tcp", "192.0.2.1", "4420"}},
                       .thin = true,
                       .proxy = HttpEndpoint{.url = "http://192.0.2.9:8000",
                                             .user_file = "/secrets/user",
                                             .password_file = "/secrets/password",
                                             .ca_file = "",
                                             .pinned_key = ""}};
  EXPECT_THAT(ParseBackends(kFar), IsOkAndHolds(BackendsConfig{{{"far", wanted}}}));
  wanted.proxy->ca_file = "/secrets/ca.crt";
  EXPECT_THAT(ParseBackends(std::string(kFar) + "    caFile: /secrets/ca.crt\n"),
              IsOkAndHolds(BackendsConfig{{{"far", wanted}}}));
}

TEST(SpdkFileTest, RefusesASocketBesideTheProxy) {
  EXPECT_THAT(ParseBackends(std::string(kFar) + "    socket: /spdk.sock\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unknown key 'socket'")));
}

}  // namespace
}  // namespace nvmeof::backend
