#include "server/rpc_log.h"

#include <grpc/support/log.h>

#include "base/log.h"

namespace nvmeof::server {
namespace {

base::Level LevelOf(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return base::Level::kDebug;
    case GPR_LOG_SEVERITY_INFO:
      return base::Level::kInfo;
    case GPR_LOG_SEVERITY_ERROR:
      break;
  }
  return base::Level::kError;
}

}  // namespace

void ForwardRpcLog() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    base::Log(LevelOf(line->severity), "grpc", {{"message", line->message}});
  });
}

}  // namespace nvmeof::server
