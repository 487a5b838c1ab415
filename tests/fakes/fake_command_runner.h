// FakeCommandRunner: programs that answer what a test wants them to. It keeps what was run; a
// program that it was not told about does not exist, as on a machine that lacks it.
//
//   FakeCommandRunner runner;
//   runner.Answer("mkfs.ext4", {.exit_code = 1, .output = "no space"});
//   runner.Fail("fsck.ext4", absl::DeadlineExceededError("killed"));
//   EXPECT_THAT(runner.Lines(), ElementsAre("mkfs.ext4 -F /dev/nvme0n1"));
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"

#include "base/command.h"

namespace nvmeof::testing {

// Safe to use from several threads.
class FakeCommandRunner final : public base::CommandRunner {
 public:
  // From now on: each run of the program gives this result, or this error.
  void Answer(const std::string& program, base::CommandResult result = {}) {
    const absl::MutexLock lock(&mutex_);
    answers_.insert_or_assign(program, std::move(result));
  }
  void Fail(const std::string& program, absl::Status error) {
    const absl::MutexLock lock(&mutex_);
    answers_.insert_or_assign(program, std::move(error));
  }

  absl::StatusOr<base::CommandResult> Run(const std::vector<std::string>& argv,
                                          absl::Time /*deadline*/) override {
    const absl::MutexLock lock(&mutex_);
    runs_.push_back(argv);
    const auto answer = answers_.find(argv.at(0));
    if (answer == answers_.end()) {
      return absl::NotFoundError(absl::StrCat("run ", argv[0], ": not in the fake's table"));
    }
    return answer->second;
  }

  std::vector<std::vector<std::string>> runs() const {
    const absl::MutexLock lock(&mutex_);
    return runs_;
  }

  // Each run with its arguments joined by blanks.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const std::vector<std::string>& argv : runs()) lines.push_back(absl::StrJoin(argv, " "));
    return lines;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, absl::StatusOr<base::CommandResult>> answers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::vector<std::string>> runs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
