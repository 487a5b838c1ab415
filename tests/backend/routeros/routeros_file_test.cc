// What the backends file says of a router.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/backends_file.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;

constexpr char kRouteros[] = R"(
backends:
  - name: rose
    type: routeros
    url: https://router.example:8443
    userFile: /secrets/user
    passwordFile: /secrets/password
    disk: raid1
    portals: ["tcp://192.0.2.1:4420", "tcp://[2001:db8::1]:4420"]
)";

RouterosConfig Routeros() {
  return {.router = {.url = "https://router.example:8443",
                     .user_file = "/secrets/user",
                     .password_file = "/secrets/password",
                     .ca_file = "",
                     .pinned_key = ""},
          .disk = "raid1",
          .portals = {{"tcp", "192.0.2.1", "4420"}, {"tcp", "2001:db8::1", "4420"}}};
}

TEST(RouterosFileTest, ReadsRouteros) {
  RouterosConfig wanted = Routeros();
  EXPECT_THAT(ParseBackends(kRouteros), IsOkAndHolds(BackendsConfig{{{"rose", wanted}}}));
  wanted.router.ca_file = "/secrets/ca.crt";
  wanted.router.pinned_key = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  EXPECT_THAT(
      ParseBackends(std::string(kRouteros) +
                    "    caFile: /secrets/ca.crt\n"
                    "    pinnedKey: sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
      IsOkAndHolds(BackendsConfig{{{"rose", wanted}}}));
}

// The password of a URL that has one stands in no message.
TEST(RouterosFileTest, RefusesMistakesOfRouteros) {
  constexpr char kBad[] = R"(backends:
- name: rose
  type: routeros
  url: http://admin:secret@router
  userFile: user
  passwordFile: /secrets/password
  pinnedKey: key.pem
  disk: raid1
  portals: ["tcp://192.0.2.1:4420", "tcp://192.0.2.1:4421"]
  password: secret
)";
  EXPECT_THAT(ParseBackends(kBad),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "line 10, column 3: unknown key 'password' in a backend; it may have name, "
                       "type, url, userFile, passwordFile, disk, portals, caFile, pinnedKey; "
                       "line 5, column 13: userFile is 'user'; it must be a path from /; "
                       "line 4, column 8: url must be https://<host>[:<port>][/<path>]; "
                       "line 7, column 14: pinnedKey is 'key.pem'; it must be "
                       "sha256//<base64 of 32 bytes>; "
                       "line 9, column 12: portal 'tcp://192.0.2.1:4421' has another port than "
                       "the first; a router exports on one port"));
}

}  // namespace
}  // namespace nvmeof::backend
