#include "server/config.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Config Parse(const std::vector<std::string>& arguments) { return ParseConfig(arguments, "1.2.3"); }

Answer ParseToAnswer(const std::vector<std::string>& arguments) {
  const Config config = Parse(arguments);
  EXPECT_TRUE(std::holds_alternative<Answer>(config));
  return std::holds_alternative<Answer>(config) ? std::get<Answer>(config) : Answer{};
}

TEST(ConfigTest, NodeNeedsNoFlag) {
  const auto config = std::get<NodeConfig>(Parse({"node"}));
  EXPECT_EQ(config.endpoint.socket_path(), "/csi/csi.sock");
  EXPECT_EQ(config.driver_name, "csi.nvmeof.dev");
  EXPECT_EQ(config.state_dir, "/var/lib/nvmeof-csi");
  EXPECT_EQ(config.hostnqn_file, "/etc/nvme/hostnqn");
  EXPECT_EQ(config.hostid_file, "/etc/nvme/hostid");
  EXPECT_EQ(config.max_volumes, 0);
  EXPECT_EQ(config.log.level, base::Level::kInfo);
  EXPECT_EQ(config.log.format, base::LogFormat::kText);
}

TEST(ConfigTest, NodeTakesItsFlags) {
  const auto config = std::get<NodeConfig>(
      Parse({"node", "--endpoint=unix:///run/n.sock", "--state-dir=/s", "--driver-name=a.b",
             "--hostnqn-file=/n", "--hostid-file=/i", "--max-volumes-per-node=16",
             "--log-level=debug", "--log-format=json"}));
  EXPECT_EQ(config.endpoint.socket_path(), "/run/n.sock");
  EXPECT_EQ(config.state_dir, "/s");
  EXPECT_EQ(config.driver_name, "a.b");
  EXPECT_EQ(config.hostnqn_file, "/n");
  EXPECT_EQ(config.hostid_file, "/i");
  EXPECT_EQ(config.max_volumes, 16);
  EXPECT_EQ(config.log.level, base::Level::kDebug);
  EXPECT_EQ(config.log.format, base::LogFormat::kJson);
}

TEST(ConfigTest, NodeKnowsTheKubeletsFolderWhenToldSo) {
  const auto alone = std::get<NodeConfig>(Parse({"node"}));
  EXPECT_FALSE(alone.registration.exists());

  const auto config =
      std::get<NodeConfig>(Parse({"node", "--kubelet-dir=/k", "--driver-name=a.b"}));
  EXPECT_EQ(config.registration.socket_path(), "/k/plugins_registry/a.b-reg.sock");
  EXPECT_EQ(config.endpoint.socket_path(), "/k/plugins/a.b/csi.sock");

  const auto elsewhere = std::get<NodeConfig>(
      Parse({"node", "--kubelet-dir=/k", "--driver-name=a.b", "--endpoint=unix:/k/n.sock"}));
  EXPECT_EQ(elsewhere.registration.socket_path(), "/k/plugins_registry/a.b-reg.sock");
  EXPECT_EQ(elsewhere.endpoint.socket_path(), "/k/n.sock");

  const std::string deep = "/" + std::string(99, 'k');
  EXPECT_THAT(ParseToAnswer({"node", "--kubelet-dir=" + deep}).text,
              StartsWith("nvmeof-csi: --kubelet-dir '" + deep + "': must leave room for"));
}

TEST(ConfigTest, HealthIsServedWhereAskedFor) {
  EXPECT_FALSE(std::get<NodeConfig>(Parse({"node"})).health.exists());
  const std::string flag = "--health=[::]:9809";
  EXPECT_EQ(std::get<NodeConfig>(Parse({"node", flag})).health.address(), "[::]:9809");
  EXPECT_EQ(
      std::get<ControllerConfig>(Parse({"controller", "--backends=/b", flag})).health.address(),
      "[::]:9809");
  EXPECT_EQ(std::get<TargetConfig>(Parse({"target", "--pool=/p", "--portal=192.0.2.1", flag}))
                .health.address(),
            "[::]:9809");
  EXPECT_EQ(ParseToAnswer({"node", "--health=:9809"}).text,
            "nvmeof-csi: --health ':9809': must be an IP address and a port, such as "
            "127.0.0.1:4421 or [::1]:4421\n");
  ::setenv("NVMEOF_HEALTH", "127.0.0.1:9809", 1);
  EXPECT_EQ(std::get<NodeConfig>(Parse({"node"})).health.address(), "127.0.0.1:9809");
  ::unsetenv("NVMEOF_HEALTH");
}

TEST(ConfigTest, ReadsTheEndpointOfTheCsiSpecification) {
  ::setenv("CSI_ENDPOINT", "unix:///plugins/csi.sock", 1);
  EXPECT_EQ(std::get<NodeConfig>(Parse({"node"})).endpoint.socket_path(), "/plugins/csi.sock");
  ::unsetenv("CSI_ENDPOINT");
}

TEST(ConfigTest, NodeAnnouncesAControllerUnlessThereIsNone) {
  EXPECT_TRUE(std::get<NodeConfig>(Parse({"node"})).has_controller);
  EXPECT_FALSE(std::get<NodeConfig>(Parse({"node", "--no-controller"})).has_controller);
}

TEST(ConfigTest, NodeTakesTheLabelsThatTellWhatItReaches) {
  EXPECT_EQ(std::get<NodeConfig>(Parse({"node", "--topology=topology.kubernetes.io/zone=a",
                                        "--topology=rack=7,row="}))
                .segments,
            (volume::Segments{{"rack", "7"}, {"topology.kubernetes.io/zone", "a"}}));
  EXPECT_THAT(std::get<NodeConfig>(Parse({"node"})).segments, ::testing::IsEmpty());
  EXPECT_EQ(ParseToAnswer({"node", "--topology=zone"}).text,
            "nvmeof-csi: --topology 'zone': must be LABEL=VALUE, LABEL [PREFIX/]NAME, each 1 to 63 "
            "of a-z, A-Z, 0-9 and inner - _ .\n");
  EXPECT_EQ(ParseToAnswer({"node", "--topology=zone=a b"}).text,
            "nvmeof-csi: --topology 'zone=a b': must be LABEL=VALUE, VALUE 1 to 63 of a-z, A-Z, "
            "0-9 and inner - _ .\n");
  EXPECT_EQ(ParseToAnswer({"node", "--topology=zone=a", "--topology=zone=b"}).text,
            "nvmeof-csi: --topology 'zone=b': must not give zone twice\n");
}

TEST(ConfigTest, ControllerNeedsItsBackends) {
  EXPECT_EQ(std::get<ControllerConfig>(Parse({"controller", "--backends=/b.yaml"})).backends_file,
            "/b.yaml");
  EXPECT_EQ(ParseToAnswer({"controller"}).text, "nvmeof-csi: --backends is required\n");
}

TEST(ConfigTest, TargetTakesItsFlags) {
  const auto config = std::get<TargetConfig>(
      Parse({"target", "--pool=/pool", "--portal=192.0.2.1:4420", "--portal=192.0.2.2:4420",
             "--provisioning=thick", "--reserve=10", "--listen=127.0.0.1:5000"}));
  EXPECT_EQ(config.pool, volume::PoolPlace(volume::FolderPool{"/pool"}));
  EXPECT_THAT(config.portals, ElementsAre(volume::Portal{"tcp", "192.0.2.1", "4420"},
                                          volume::Portal{"tcp", "192.0.2.2", "4420"}));
  EXPECT_EQ(config.provisioning, volume::Provisioning::kThick);
  EXPECT_EQ(config.reserve_percent, 10);
  EXPECT_EQ(config.listen.address(), "127.0.0.1:5000");
}

TEST(ConfigTest, TargetKnowsWhichPortalsAreForTheWorst) {
  const std::vector<std::string> plain = {"target", "--pool=/pool", "--portal=192.0.2.1"};
  EXPECT_THAT(std::get<TargetConfig>(Parse(plain)).non_optimized_portals, ::testing::IsEmpty());
  std::vector<std::string> more = plain;
  more.emplace_back("--non-optimized-portal=192.0.2.2:4420,192.0.2.3:4420");
  EXPECT_THAT(std::get<TargetConfig>(Parse(more)).non_optimized_portals,
              ElementsAre(volume::Portal{"tcp", "192.0.2.2", "4420"},
                          volume::Portal{"tcp", "192.0.2.3", "4420"}));
}

TEST(ConfigTest, TargetIsDrainedWhereToldTo) {
  const std::vector<std::string> plain = {"target", "--pool=/pool", "--portal=192.0.2.1"};
  EXPECT_FALSE(std::get<TargetConfig>(Parse(plain)).drained);
  std::vector<std::string> drained = plain;
  drained.emplace_back("--drain");
  EXPECT_TRUE(std::get<TargetConfig>(Parse(drained)).drained);
}

TEST(ConfigTest, TargetTakesAnLvmThinPoolAndWhereItsRecordsAre) {
  const auto config = std::get<TargetConfig>(
      Parse({"target", "--pool=lvm:vg/thin", "--state-dir=/state", "--portal=192.0.2.1"}));
  EXPECT_EQ(config.pool, volume::PoolPlace(volume::LvmThinPool{"vg", "thin"}));
  EXPECT_EQ(config.state_dir, "/state");
  EXPECT_THAT(ParseToAnswer({"target", "--pool=vg/thin", "--portal=192.0.2.1"}).text,
              StartsWith("nvmeof-csi: --pool 'vg/thin': must be an absolute path, or lvm:VG/POOL"));
}

TEST(ConfigTest, TargetListensBeyondThisMachineOnlyWhenToldTo) {
  const std::vector<std::string> open = {"target", "--pool=/pool", "--portal=192.0.2.1",
                                         "--listen=0.0.0.0:4421"};
  EXPECT_EQ(ParseToAnswer(open).text,
            "nvmeof-csi: --listen '0.0.0.0:4421': must be a loopback address unless "
            "--insecure-listen is given\n");
  std::vector<std::string> insecure = open;
  insecure.emplace_back("--insecure-listen");
  EXPECT_EQ(std::get<TargetConfig>(Parse(insecure)).listen.address(), "0.0.0.0:4421");
}

TEST(ConfigTest, EachProblemIsALineAndTheExitCodeIsTwo) {
  const Answer answer = ParseToAnswer({"node", "--log-level=loud", "--max-volumes-per-node=many"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_EQ(answer.text,
            "nvmeof-csi: --max-volumes-per-node 'many': must be a whole number from 0 to 1000000\n"
            "nvmeof-csi: --log-level 'loud': must be one of debug, info, warning, error\n");
}

TEST(ConfigTest, HelpAndVersionAreAnswersOfExitCodeZero) {
  EXPECT_EQ(ParseToAnswer({"--version"}).text, "nvmeof-csi 1.2.3\n");
  EXPECT_EQ(ParseToAnswer({"--version"}).exit_code, 0);
  EXPECT_THAT(ParseToAnswer({"target", "--help"}).text, HasSubstr("NVMEOF_INSECURE_LISTEN"));
  EXPECT_THAT(ParseToAnswer({"node", "--help"}).text,
              HasSubstr("(optional; environment NVMEOF_HEALTH)"));
  EXPECT_THAT(ParseToAnswer({"--help"}).text, HasSubstr("controller"));
}

}  // namespace
}  // namespace nvmeof::server
