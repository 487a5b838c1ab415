#include "base/workers.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <future>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "base/status_macros.h"

namespace nvmeof::base {
namespace {

// Beyond any request's deadline, and far from the overflow that an infinite one would bring.
constexpr absl::Duration kLongestWait = absl::Hours(24 * 365);

struct Job {
  absl::AnyInvocable<absl::Status()> step;
  // Shared with the caller's future, so either of them may leave first.
  std::promise<absl::Status> result;
};

}  // namespace

class Workers::State {
 public:
  explicit State(int limit) : limit_(static_cast<std::size_t>(limit)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() { Finish(); }

  void Finish() {
    std::vector<std::thread> threads;
    {
      const absl::MutexLock lock(&mutex_);
      stopping_ = true;
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }

  // Takes the job over; after an error it is untouched. What nobody waits for, or what its caller
  // could do itself, leaves a quarter of the workers to calls.
  enum class Kind { kCall, kBeside };
  absl::Status Start(Job& job, Kind kind) {
    const absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::ResourceExhaustedError("the workers have ended");
    if (busy_ >= (kind == Kind::kCall ? limit_ : limit_ - limit_ / 4)) {
      return absl::ResourceExhaustedError(absl::StrCat(busy_, " of ", limit_, " workers are busy"));
    }
    if (busy_ == threads_.size()) RETURN_IF_ERROR(AddThread());
    ++busy_;
    jobs_.push_back(std::move(job));
    return absl::OkStatus();
  }

 private:
  absl::Status AddThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    try {
      threads_.emplace_back([this] { Work(); });
    } catch (const std::system_error& error) {
      return absl::ResourceExhaustedError(absl::StrCat("start a worker: ", error.what()));
    }
    return absl::OkStatus();
  }

  void Work() {
    while (std::optional<Job> job = Next()) Do(*std::move(job));
  }

  // The next job; nothing when it is time to end. Jobs that were taken in are done before that.
  std::optional<Job> Next() {
    const absl::MutexLock lock(&mutex_, absl::Condition(this, &State::HasWorkOrStops));
    if (jobs_.empty()) return std::nullopt;
    std::optional<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  bool HasWorkOrStops() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !jobs_.empty() || stopping_;
  }

  void Do(Job job) {
    absl::Status status = job.step();
    // Before anybody hears of the end: the caller's next call must find the claim that the step
    // held given back, and this worker free.
    job.step = nullptr;
    {
      const absl::MutexLock lock(&mutex_);
      --busy_;
    }
    job.result.set_value(std::move(status));
  }

  const std::size_t limit_;

  absl::Mutex mutex_;
  std::size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;  // jobs waiting or running
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

Workers::Workers(const Clock& clock, int limit)
    : clock_(clock), state_(std::make_unique<State>(limit)) {}

Workers::~Workers() = default;

void Workers::Finish() { state_->Finish(); }

absl::Status Workers::RunUntil(absl::Time deadline, absl::AnyInvocable<absl::Status()> step) {
  Job job{std::move(step), {}};
  std::future<absl::Status> result = job.result.get_future();
  RETURN_IF_ERROR(state_->Start(job, State::Kind::kCall));
  return Await(deadline, std::move(result));
}

absl::Status Workers::Start(absl::AnyInvocable<absl::Status()> step) {
  Job job{std::move(step), {}};
  return state_->Start(job, State::Kind::kBeside);
}

absl::Status Workers::RunTogether(absl::Time deadline,
                                  std::vector<absl::AnyInvocable<absl::Status()>> steps) {
  std::vector<std::future<absl::Status>> others;
  std::vector<absl::AnyInvocable<absl::Status()>> own;
  for (absl::AnyInvocable<absl::Status()>& step : steps) {
    Job job{std::move(step), {}};
    std::future<absl::Status> result = job.result.get_future();
    if (own.empty() || !state_->Start(job, State::Kind::kBeside).ok()) {
      own.push_back(std::move(job.step));
    } else {
      others.push_back(std::move(result));
    }
  }
  absl::Status all;
  const auto join = [&all](const absl::Status& status) {
    if (status.ok()) return;
    all = all.ok() ? status
                   : absl::Status(all.code(), absl::StrCat(all.message(), "; ", status.message()));
  };
  for (absl::AnyInvocable<absl::Status()>& step : own) join(step());
  for (std::future<absl::Status>& result : others) join(Await(deadline, std::move(result)));
  return all;
}

absl::Status Workers::Await(absl::Time deadline, std::future<absl::Status> result) const {
  const absl::Duration wait =
      std::clamp(deadline - clock_.Now(), absl::ZeroDuration(), kLongestWait);
  if (result.wait_for(absl::ToChronoNanoseconds(wait)) != std::future_status::ready) {
    return absl::DeadlineExceededError("the step is still running");
  }
  return result.get();
}

}  // namespace nvmeof::base
