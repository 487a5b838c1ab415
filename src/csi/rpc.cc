#include "csi/rpc.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/descriptor.h"
#include "grpc/support/time.h"

#include "csi/redact.h"
#include "csi/status_to_grpc.h"

namespace nvmeof::csi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Subject = std::vector<std::pair<std::string, std::string>>;

// The step must end early enough for its own words to travel to the caller.
constexpr absl::Duration kLongestMargin = absl::Milliseconds(200);

std::optional<absl::Duration> TimeLeft(const grpc::ServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

std::string RpcName(const Message& request) {
  return std::string(absl::StripSuffix(request.GetDescriptor()->name(), "Request"));
}

// What the request is about, under the keys of the log: the first of each group that is set.
Subject SubjectOf(const Message& request) {
  struct Key {
    absl::string_view key;
    std::array<absl::string_view, 3> fields;
  };
  static constexpr std::array<Key, 4> kKeys = {
      {{"volume", {"volume_id"}},
       {"name", {"name"}},
       {"node", {"node_id"}},
       {"path", {"target_path", "staging_target_path", "volume_path"}}}};
  Subject subject = {{"rpc", RpcName(request)}};
  for (const Key& key : kKeys) {
    for (const absl::string_view name : key.fields) {
      const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(std::string(name));
      if (field == nullptr) continue;
      std::string value = request.GetReflection()->GetString(request, field);
      if (value.empty()) continue;
      subject.emplace_back(key.key, std::move(value));
      break;
    }
  }
  return subject;
}

double Milliseconds(absl::Duration took) {
  return std::round(absl::ToDoubleMilliseconds(took) * 1000) / 1000;
}

base::Level LevelOf(RpcKind kind, const absl::Status& status) {
  if (status.ok()) return kind == RpcKind::kChange ? base::Level::kInfo : base::Level::kDebug;
  const bool ours = absl::IsInternal(status) || absl::IsUnknown(status);
  return ours ? base::Level::kError : base::Level::kWarning;
}

struct Outcome {
  absl::Duration took;
  const absl::Status& status;
  const std::vector<base::Call::Step>& steps;
};

void LogOutcome(const LogSink& log, base::Level level, absl::string_view event,
                const Subject& subject, const Outcome& outcome) {
  std::vector<base::LogField> fields;
  for (const auto& [key, value] : subject) fields.push_back({key, value});
  fields.push_back({"ms", Milliseconds(outcome.took)});
  fields.push_back({"code", absl::StatusCodeToString(outcome.status.code())});
  if (!outcome.status.ok()) fields.push_back({"error", std::string(outcome.status.message())});
  std::vector<std::string> keys;  // the fields' keys are views
  keys.reserve(outcome.steps.size());
  for (const base::Call::Step& step : outcome.steps) {
    keys.push_back(absl::StrCat(step.name, "_ms"));
    fields.push_back({keys.back(), Milliseconds(step.took)});
  }
  log(level, event, fields);
}

}  // namespace

// Shared by the call and its step, of which either may leave first.
struct Rpc::Work {
  absl::Mutex mutex;
  bool ended ABSL_GUARDED_BY(mutex) = false;
  bool abandoned ABSL_GUARDED_BY(mutex) = false;
  std::string waits_for ABSL_GUARDED_BY(mutex);  // base::Call::WaitsFor
  std::vector<base::Call::Step> steps ABSL_GUARDED_BY(mutex);

  // True when the call still waits for the step that ends now.
  bool End(std::vector<base::Call::Step> taken) {
    const absl::MutexLock lock(&mutex);
    ended = true;
    steps = std::move(taken);
    return !abandoned;
  }

  void WaitsFor(std::string what) {
    const absl::MutexLock lock(&mutex);
    waits_for = std::move(what);
  }

  std::string DescribeWait() {
    const absl::MutexLock lock(&mutex);
    return waits_for.empty() ? "" : absl::StrCat(": ", waits_for);
  }

  // The steps, or nothing when the step still runs (or never began); then the call leaves it alone.
  std::optional<std::vector<base::Call::Step>> Leave() {
    const absl::MutexLock lock(&mutex);
    if (ended) return steps;
    abandoned = true;
    return std::nullopt;
  }
};

RpcEdge::RpcEdge(const base::Clock& clock, base::Workers& workers, RpcOptions options)
    : clock_(clock), workers_(workers), options_(std::move(options)) {}

grpc::Status RpcEdge::Run(const grpc::ServerContext& context, const Message& request, RpcKind kind,
                          absl::FunctionRef<absl::Status(Rpc&)> body) {
  Rpc rpc(*this, context, request);
  if (options_.log_requests) {
    options_.log(base::Level::kDebug, "request",
                 {{"rpc", RpcName(request)}, {"request", Redact(request)}});
  }
  const absl::Status status = body(rpc);
  rpc.LogEnd(kind, status);
  return StatusToGrpc(status);
}

Rpc::Rpc(RpcEdge& edge, const grpc::ServerContext& context, const Message& request)
    : edge_(edge),
      start_(edge.clock_.Now()),
      deadlines_(DeadlinesFrom(TimeLeft(context))),
      subject_(SubjectOf(request)) {}

Rpc::Deadlines Rpc::DeadlinesFrom(std::optional<absl::Duration> left) const {
  const RpcOptions& options = edge_.options_;
  const absl::Duration time = std::min(left.value_or(options.default_time), options.longest_time);
  const absl::Duration margin = std::min(time / 10, kLongestMargin);
  return {start_ + time - 2 * margin, start_ + time - margin};
}

absl::Status Rpc::Perform(absl::string_view key, Step step) {
  if (edge_.clock_.Now() >= deadlines_.step) {
    return absl::DeadlineExceededError("the caller's deadline is over; nothing was done");
  }
  std::optional<base::Claim> claim;
  if (!key.empty() && !(claim = edge_.claims_.TryTake(key))) {
    return absl::AbortedError(absl::StrCat("another call on ", key, " is still running"));
  }
  const auto work = std::make_shared<Work>();
  auto job = [&edge = edge_, start = start_, deadline = deadlines_.step, subject = subject_,
              claim = std::move(claim), step = std::move(step), work]() mutable {
    base::Call call(edge.clock_, deadline,
                    [&work](std::string what) { work->WaitsFor(std::move(what)); });
    absl::Status status = step(call);
    if (!work->End(call.steps())) {
      LogOutcome(edge.options_.log, base::Level::kInfo, "late end", subject,
                 {edge.clock_.Now() - start, status, call.steps()});
    }
    return status;
  };
  absl::Status status = edge_.workers_.RunUntil(deadlines_.answer, std::move(job));
  std::optional<std::vector<base::Call::Step>> steps = work->Leave();
  if (steps.has_value()) {
    steps_ = *std::move(steps);
  } else if (absl::IsDeadlineExceeded(status)) {
    return absl::DeadlineExceededError(
        absl::StrCat("still at work when the caller's time ended", work->DescribeWait(),
                     "; calls on the same volume are refused until it is done"));
  }
  return status;
}

void Rpc::Note(absl::string_view key, std::string value) {
  subject_.emplace_back(key, std::move(value));
}

void Rpc::LogEnd(RpcKind kind, const absl::Status& status) const {
  LogOutcome(edge_.options_.log, LevelOf(kind, status), "rpc", subject_,
             {edge_.clock_.Now() - start_, status, steps_});
}

}  // namespace nvmeof::csi
