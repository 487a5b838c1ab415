// nvmeof-csi: one program for every place of the driver; the first argument says which.
#include <malloc.h>

#include <cstdio>
#include <string>
#include <variant>

#include "absl/status/status.h"

#include "base/log.h"
#include "run.h"
#include "server/config.h"
#include "server/rpc_log.h"
#include "server/stop_signal.h"

namespace nvmeof {
namespace {

// What the program does with its configuration; the result is its exit code.
struct Start {
  int operator()(const server::Answer& answer) const {
    std::fputs(answer.text.c_str(), answer.exit_code == 0 ? stdout : stderr);
    return answer.exit_code;
  }

  template <typename SubcommandConfig>
  int operator()(const SubcommandConfig& config) const {
    base::StartLog(config.log.level, config.log.format);
    server::ForwardRpcLog();
    server::StopSignal stop;
    const absl::Status ended = Run(config, stop);
    if (ended.ok()) return 0;
    base::Log(base::Level::kError, "cannot serve", {{"error", std::string(ended.message())}});
    return 1;
  }
};

}  // namespace
}  // namespace nvmeof

// An exception is an error of the program, and ends it with its message.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
  // glibc keeps what each of many threads once needed for that thread: after a storm of calls a
  // third of the memory would be kept for nobody.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet
  ::mallopt(M_ARENA_MAX, 2);
  return std::visit(nvmeof::Start{},
                    nvmeof::server::ParseConfig({argv + 1, argv + argc}, NVMEOF_VERSION));
}
