#include "backend/nvmet/agent_address.h"

#include "gtest/gtest.h"

namespace nvmeof::backend {
namespace {

TEST(IsAgentAddressTest, TakesWhatGrpcCanReach) {
  for (const char* text :
       {"127.0.0.1:4421", "[::1]:4421", "[2001:db8::1]:1", "agent-a:65535",
        "agent-a.storage.svc.cluster.local:4421", "3com.example:4421", "unix:///run/agent.sock"}) {
    EXPECT_TRUE(IsAgentAddress(text)) << text;
  }
}

TEST(IsAgentAddressTest, RefusesAllElse) {
  for (const char* text : {"",
                           "127.0.0.1",
                           "127.0.0.1:",
                           ":4421",
                           "127.0.0.1:0",
                           "127.0.0.1:65536",
                           "127.0.0.1:+1",
                           "127.0.0.1: 1",
                           "127.0.0.1:4421x",
                           "127.0.0.256:4421",
                           "127.1:4421",
                           "::1:4421",
                           "[::1]",
                           "[::1:4421",
                           "[127.0.0.1]:4421",
                           "agent_a:4421",
                           "-a:4421",
                           "a-:4421",
                           "a..b:4421",
                           "http://a:4421",
                           "dns:///a:4421",
                           "unix:run/agent.sock",
                           "unix://",
                           "unix:///",
                           "unix://run/agent.sock",
                           "unix:///a\nb"}) {
    EXPECT_FALSE(IsAgentAddress(text)) << text;
  }
}

TEST(IsAgentAddressTest, KnowsTheLongestSocketPath) {
  EXPECT_TRUE(IsAgentAddress("unix:///" + std::string(106, 'a')));
  EXPECT_FALSE(IsAgentAddress("unix:///" + std::string(107, 'a')));
}

}  // namespace
}  // namespace nvmeof::backend
