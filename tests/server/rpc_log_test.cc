#include "server/rpc_log.h"

#include <grpc/support/log.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::server {
namespace {

TEST(RpcLogTest, ForwardsWhatGrpcSays) {
  gpr_log_verbosity_init();  // as the first server or channel does
  ForwardRpcLog();
  ::testing::internal::CaptureStderr();
  gpr_log(GPR_ERROR, "cannot %s", "bind");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::ContainsRegex("ERROR grpc message=\"cannot bind\""));
}

}  // namespace
}  // namespace nvmeof::server
