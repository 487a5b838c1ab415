#include "tests/vm/run_tool.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/status_macros.h"

namespace nvmeof::testing {

absl::Status RunTool(const std::vector<std::string>& argv) {
  base::MonotonicClock clock;
  base::PosixCommandRunner runner(clock);
  ASSIGN_OR_RETURN(const base::CommandResult result,
                   runner.Run(argv, clock.Now() + absl::Seconds(60)));
  if (result.exit_code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(absl::StrJoin(argv, " "), ": exit code ",
                                          result.exit_code, ": ", result.output));
}

}  // namespace nvmeof::testing
