#include "backend/backends_file.h"

#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kTwoBackends[] = R"(
backends:
  - name: fast
    type: nvmet
    agents:
      - name: agent-a
        address: 192.0.2.1:4421
      - {name: agent-b, address: "[2001:db8::1]:4421"}
  - name: slow   # agents of another backend may have the same names
    type: nvmet
    agents:
      - name: agent-a
        address: storage.example:4421
)";

BackendsConfig TwoBackends() {
  return {
      {{"fast", NvmetConfig{{{"agent-a", "192.0.2.1:4421"}, {"agent-b", "[2001:db8::1]:4421"}}}},
       {"slow", NvmetConfig{{{"agent-a", "storage.example:4421"}}}}}};
}

TEST(BackendsFileTest, ReadsAllBackendsInTheirOrder) {
  EXPECT_THAT(ParseBackends(kTwoBackends), IsOkAndHolds(TwoBackends()));
}

TEST(BackendsFileTest, ReadsFromWhereAnAgentIsReached) {
  const auto file = ParseBackends(
      "backends:\n- name: a\n  type: nvmet\n  agents:\n  - name: b\n    address: c:1\n"
      "    reachableFrom: {topology.kubernetes.io/zone: z, rack: 7}\n");
  ASSERT_OK(file);
  EXPECT_EQ(std::get<NvmetConfig>(file->backends.front().storage).agents.front().reachable_from,
            (volume::Segments{{"rack", "7"}, {"topology.kubernetes.io/zone", "z"}}));
}

// The backends files that stand in docs/BACKENDS.md, in their order.
std::vector<std::string> DocumentedFiles() {
  const std::string text = base::ReadFile(NVMEOF_SOURCE_DIR "/docs/BACKENDS.md").value();
  const std::string begin = "```yaml\nbackends:\n";
  const std::string fence = "```yaml\n";
  std::vector<std::string> files;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += fence.size();
    files.push_back(text.substr(at, text.find("```", at) - at));
  }
  return files;
}

TEST(BackendsFileTest, ReadsWhatIsDocumentedForEachKind) {
  std::set<std::size_t> kinds;
  for (const std::string& file : DocumentedFiles()) {
    const absl::StatusOr<BackendsConfig> config = ParseBackends(file);
    ASSERT_OK(config) << file;
    for (const BackendConfig& backend : config->backends) kinds.insert(backend.storage.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<decltype(BackendConfig::storage)>);
}

TEST(BackendsFileTest, ReadsSpdk) {
  constexpr char kSpdk[] = R"(
backends:
  - name: user-space
    type: spdk
    socket: /var/tmp/spdk.sock
    lvolStore: store
    portals: ["tcp://192.0.2.1:4420", "tcp://[2001:db8::1]:4421"]
    provisioning: thick
)";
  EXPECT_THAT(ParseBackends(kSpdk),
              IsOkAndHolds(BackendsConfig{
                  {{"user-space", SpdkConfig{.socket = "/var/tmp/spdk.sock",
                                             .lvol_store = "store",
                                             .portals = {{"tcp", "192.0.2.1", "4420"},
                                                         {"tcp", "2001:db8::1", "4421"}},
                                             .thin = false}}}}));
}

constexpr char kCeph[] = R"(
backends:
  - name: rados
    type: ceph
    pool: rbd
    gateways:
      - {address: "192.0.2.1:5500", host: ceph-a, portals: ["tcp://192.0.2.1:4420"]}
      - {address: "192.0.2.2:5500", host: ceph-b, portals: ["tcp://192.0.2.2:4420"]}
)";

CephConfig Ceph() {
  return {.gateways = {{"192.0.2.1:5500", "ceph-a", {{"tcp", "192.0.2.1", "4420"}}},
                       {"192.0.2.2:5500", "ceph-b", {{"tcp", "192.0.2.2", "4420"}}}},
          .pool = "rbd",
          .tls = std::nullopt};
}

TEST(BackendsFileTest, ReadsCeph) {
  EXPECT_THAT(ParseBackends(kCeph), IsOkAndHolds(BackendsConfig{{{"rados", Ceph()}}}));
}

TEST(BackendsFileTest, ReadsTheFilesOfCephsTls) {
  CephConfig ceph = Ceph();
  ceph.tls = CephTls{"/tls/ca.crt", "/tls/tls.crt", "/tls/tls.key"};
  EXPECT_THAT(ParseBackends(std::string(kCeph) + R"(    tls:
      caCert: /tls/ca.crt
      clientCert: /tls/tls.crt
      clientKey: /tls/tls.key
)"),
              IsOkAndHolds(BackendsConfig{{{"rados", ceph}}}));
}

TEST(BackendsFileTest, ReadsASubsystemThatCephsVolumesShare) {
  CephConfig ceph = Ceph();
  ceph.subsystem = *volume::Nqn::Parse("nqn.2016-06.io.spdk:shared");
  EXPECT_THAT(ParseBackends(std::string(kCeph) + "    subsystem: nqn.2016-06.io.spdk:shared\n"),
              IsOkAndHolds(BackendsConfig{{{"rados", ceph}}}));
}

// Each a way to name other volumes of the same gateways.
TEST(BackendsFileTest, BackendsShareGatewaysWhereTheirVolumesDiffer) {
  const auto with = [](const std::string& name, const std::string& more) {
    return absl::StrCat("- {name: ", name, ", type: ceph, gateways: [{address: 'h:1', host: h, ",
                        "portals: ['tcp://192.0.2.1:4420']}], ", more, "}\n");
  };
  const std::string shared = "subsystem: nqn.2016-06.io.spdk:shared";
  EXPECT_OK(ParseBackends(absl::StrCat("backends:\n", with("a", "pool: p"), with("b", "pool: q"),
                                       with("c", "pool: p, " + shared),
                                       with("d", "pool: q, " + shared))));
  for (const std::string& same : {std::string("pool: p"), "pool: p, " + shared}) {
    EXPECT_THAT(ParseBackends(absl::StrCat("backends:\n", with("a", same), with("b", same))),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("address 'h:1' stands here a second time")));
  }
}

struct Mistake {
  const char* yaml;
  const char* message;
};

const std::vector<Mistake> kMistakes = {
    {"", "line 1, column 1: the file is empty; it must be a map with backends"},
    {"- a", "line 1, column 1: the file is a list; it must be a map with backends"},
    {"backends: [", "line 1, column 1: end of sequence flow not found"},
    {"backends:\n\t- name: a", "line 2, column 2: illegal block entry"},
    {"---\nbackends: 1\n---\nbackends: 2",
     "line 4, column 1: a second document; there must be one"},
    {"x: 1\nbackends: []",
     "line 1, column 1: unknown key 'x' in the file; it may have backends; "
     "line 2, column 11: backends is empty; it must be a list of at least one"},
    {"backends:", "line 1, column 1: backends is empty; it must be a list of at least one"},
    {"backends: {a: b}", "line 1, column 11: backends is a map; it must be a list of at least one"},
    {"backends: [a]",
     "line 1, column 12: a backend is text; it must be a map with name, type, agents"},
    {"backends:\n  - name: fast\n",
     "line 2, column 5: a backend lacks the key 'type'; "
     "line 2, column 5: a backend lacks the key 'agents'"},
    {"backends:\n- {name: a, type: nvmt, agents: [{name: b, address: 'c:1'}]}",
     "line 2, column 19: type is 'nvmt'; it must be nvmet, spdk, ceph or routeros"},
    {"backends:\n- {name: [a], type: nvmet, agents: [{name: b, address: 'c:1'}]}",
     "line 2, column 10: name is a list; it must be text"},
    {"backends:\n- {name: '', type: nvmet, agents: [{name: b, address: 'c:1'}]}",
     "line 2, column 10: name is empty; it must be text"},
    {"backends:\n- {name: A, type: nvmet, agents: [{name: b, address: 'c:1'}]}",
     "line 2, column 10: name is 'A'; it must be 1 to 40 of a-z, 0-9 and inner -"},
    {"backends:\n- {name: a, type: nvmet, agents: []}",
     "line 2, column 34: agents is empty; it must be a list of at least one"},
    {"backends:\n- {name: a, name: b, type: nvmet, agents: [{name: b, address: 'c:1'}]}",
     "line 2, column 13: key 'name' stands here a second time"},
    {"backends:\n- {name: a, type: nvmet, agents: [{name: b, address: c}]}",
     "line 2, column 54: address is 'c'; it must be <IPv4 or host name>:<port>, "
     "[<IPv6>]:<port> or unix:///<path>"},
    {"backends:\n- {name: a, type: nvmet, agents: [{name: b, address: 'c:1', reachableFrom: z}]}",
     "line 2, column 76: reachableFrom is text; it must be a map of node labels"},
    {"backends:\n- {name: a, type: nvmet, agents: [{name: b, address: 'c:1', reachableFrom: "
     "{-z: a, y: '', x: [], w: v, w: v}}]}",
     "line 2, column 77: label '-z' in reachableFrom; it must be [PREFIX/]NAME, each 1 to 63 of "
     "a-z, A-Z, 0-9 and inner - _ .; "
     "line 2, column 87: value '' of y in reachableFrom; it must be 1 to 63 of a-z, A-Z, 0-9 and "
     "inner - _ .; "
     "line 2, column 94: value '' of x in reachableFrom; it must be 1 to 63 of a-z, A-Z, 0-9 and "
     "inner - _ .; "
     "line 2, column 104: label 'w' stands here a second time"},
    {"backends:\n- {name: a, type: spdk}",
     "line 2, column 3: a backend lacks the key 'socket'; "
     "line 2, column 3: a backend lacks the key 'lvolStore'; "
     "line 2, column 3: a backend lacks the key 'portals'; "
     "line 2, column 3: a backend lacks the key 'provisioning'"},
    {"backends:\n- {name: a, type: spdk, socket: spdk.sock, lvolStore: s, portals: [192.0.2.1, "
     "192.0.2.1,\n"
     "  [x], storage], provisioning: thinly}",
     "line 2, column 79: portal '192.0.2.1' stands here a second time; "
     "line 3, column 3: a portal is a list; it must be text; "
     "line 3, column 8: portal \"storage\" is not allowed: address \"storage\" is not allowed: "
     "it must be the IPv4 or IPv6 address of one host, without a zone id; "
     "line 2, column 33: socket is 'spdk.sock'; it must be a path from /; "
     "line 3, column 32: provisioning is 'thinly'; it must be thin or thick"},
    {"backends:\n- {name: a, type: ceph, tls: {caCert: a}, key: b}",
     "line 2, column 43: unknown key 'key' in a backend; it may have name, type, gateways, pool, "
     "tls, subsystem; line 2, column 3: a backend lacks the key 'gateways'; "
     "line 2, column 3: a backend lacks the key 'pool'; "
     "line 2, column 30: tls lacks the key 'clientCert'; "
     "line 2, column 30: tls lacks the key 'clientKey'"},
    {"backends:\n- {name: a, type: ceph, pool: p, gateways: [{address: c, host: h, portals: "
     "[]}]}",
     "line 2, column 55: address is 'c'; it must be <IPv4 or host name>:<port>, "
     "[<IPv6>]:<port> or unix:///<path>; "
     "line 2, column 76: portals is empty; it must be a list of at least one"},
    {"backends:\n- {name: a, type: ceph, pool: p, subsystem: here, gateways: [{address: 'h:1', "
     "host: "
     "h, portals: ['tcp://192.0.2.1:4420']}]}",
     "line 2, column 45: subsystem: NQN \"here\" is not allowed: the form is "
     "nqn.<yyyy-mm>.<reversed domain>[:<name>]"},
    {"backends:\n- {name: a, type: ceph, pool: p, subsystem: nqn.2016-06.io.spdk:a_b, gateways: "
     "[{address: 'h:1', host: h, portals: ['tcp://192.0.2.1:4420']}]}",
     "line 2, column 45: subsystem is 'nqn.2016-06.io.spdk:a_b'; Ceph's gateway takes none with a "
     "'_'"},
    {"backends:\n- {name: a, type: ceph, pool: p, subsystem: "
     "'nqn.2026-01.dev.nvmeof:6847b39f20c44bf0a9233f173b24d0ef', gateways: "
     "[{address: 'h:1', host: h, portals: ['tcp://192.0.2.1:4420']}]}",
     "line 2, column 45: subsystem is "
     "'nqn.2026-01.dev.nvmeof:6847b39f20c44bf0a9233f173b24d0ef', the name of a volume's own "
     "subsystem"},
    {"backends:\n- {name: a, type: spdk, socket: /s, lvolStore: s, portals: ['rdma://192.0.2.1'], "
     "provisioning: thin}",
     "line 2, column 61: portal 'rdma://192.0.2.1:4420' is not of tcp, the one that this type "
     "has"}};

TEST(BackendsFileTest, RefusesMistakesWithTheirPlace) {
  for (const Mistake& mistake : kMistakes) {
    SCOPED_TRACE(mistake.yaml);
    EXPECT_THAT(ParseBackends(mistake.yaml),
                StatusIs(absl::StatusCode::kInvalidArgument, mistake.message));
  }
}

constexpr char kTwins[] = R"(backends:
- name: a
  type: nvmet
  agents:
  - {name: x, address: 'h:1'}
  - {name: x, address: 'h:2'}
  - {name: z, address: 'h:1'}
- name: a
  type: nvmet
  agents:
  - {name: x, address: 'h:2'}
)";

TEST(BackendsFileTest, RefusesTwins) {
  EXPECT_THAT(ParseBackends(kTwins),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "line 6, column 12: name 'x' stands here a second time; "
                       "line 7, column 24: address 'h:1' stands here a second time; "
                       "line 8, column 9: name 'a' stands here a second time; "
                       "line 11, column 24: address 'h:2' stands here a second time"));
}

TEST(BackendsFileTest, NamesTheFile) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.File("backends.yaml");
  std::ofstream(path) << "x";
  EXPECT_THAT(ReadBackendsFile(path), StatusIs(absl::StatusCode::kInvalidArgument,
                                               AllOf(HasSubstr(path), HasSubstr("line 1"))));
}

TEST(BackendsFileTest, ReadsTheFile) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.File("backends.yaml");
  std::ofstream(path) << kTwoBackends;
  EXPECT_THAT(ReadBackendsFile(path), IsOkAndHolds(TwoBackends()));
}

TEST(BackendsFileTest, KnowsThatTheFileIsAbsent) {
  EXPECT_THAT(ReadBackendsFile("/nonexistent/backends.yaml"),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::backend
