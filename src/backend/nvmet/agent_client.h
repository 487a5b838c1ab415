// AgentClient: one target agent as the controller reaches it.
//
// It knows gRPC and time, not volumes: NvmetBackend decides what to ask.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/support/async_unary_call.h"

#include "backend/backend.h"
#include "backend/backends_config.h"
#include "backend/nvmet/agent_messages.h"
#include "base/clock.h"
#include "nvmeof/v1/target_agent.grpc.pb.h"
#include "volume/accessibility.h"

namespace nvmeof::backend {

// Borrows the clock. Connects when it is first asked, and by itself again after the connection is
// lost. Safe to use from several threads.
class AgentClient {
 public:
  AgentClient(std::string backend, AgentConfig config, const base::Clock& clock)
      : where_{std::move(backend), config.name},
        address_(std::move(config.address)),
        reachable_from_(std::move(config.reachable_from)),
        clock_(clock) {}

  // The first two parts of its volumes' ids.
  const Whereabouts& where() const { return where_; }

  const volume::Segments& reachable_from() const { return reachable_from_; }

  // "agent agent-a (192.0.2.1:4421)": how messages name it.
  std::string Describe() const;

  v1::TargetAgent::Stub& stub();

  // A connection stands, as far as is known: that its other end has gone is found by the next call.
  bool Connected();

  // Blocks until the connection is known to have gone, for a moment at most. The call that its end
  // fails hears of it before the channel does, which would send the next one the same way.
  void AwaitEndOfConnection();

  // When to give up on it where it is one of several and others have answered.
  absl::Time PatienceUntil(absl::Time deadline) const;

  // Lets a call end shortly before `deadline`, so that our own caller still hears which agent did
  // not answer. DeadlineExceeded when there is no time left.
  absl::Status SetDeadline(grpc::ClientContext& context, absl::Time deadline) const;

  // How a call ended: AgentStatus with the agent's name before the message. Logs when the agent
  // falls silent and when it answers again.
  absl::Status Conclude(const grpc::Status& status);

  // DecodeVolume and DecodeCapacity of what it shows, with its name before the message of an error.
  absl::StatusOr<Volume> Decode(const v1::Volume& message) const;
  absl::StatusOr<Capacity> Decode(const v1::GetAgentResponse& message) const;

 private:
  grpc::Channel& channel();

  const Whereabouts where_;
  const std::string address_;
  const volume::Segments reachable_from_;
  const base::Clock& clock_;
  std::once_flag made_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::TargetAgent::Stub> stub_;
  std::atomic<bool> silent_ = false;
};

// Lets gRPC look after connections that no call uses twice a second, where it does so every five
// seconds by itself: an agent that comes back is found only by such looks. For the whole process,
// once, before gRPC is used and before there are threads.
void WatchIdleConnections();

// &v1::TargetAgent::Stub::PrepareAsync<Method>.
template <typename Request, typename Response>
using AgentMethod = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (
    v1::TargetAgent::Stub::*)(grpc::ClientContext*, const Request&, grpc::CompletionQueue*);

template <typename Response>
struct Answer {
  AgentClient* agent;
  absl::StatusOr<Response> response;
};

// One call of one agent.
template <typename Request, typename Response>
class Question {
 public:
  explicit Question(AgentClient* agent) : agent_(agent) {}

  // The answer comes through the queue. May be repeated when it has come.
  void Ask(absl::Time until, AgentMethod<Request, Response> method, const Request& request,
           grpc::CompletionQueue& queue) {
    context_ = std::make_unique<grpc::ClientContext>();
    started_ = agent_->SetDeadline(*context_, until);
    if (!started_.ok()) return;
    was_connected_ = agent_->Connected();
    reader_ = (agent_->stub().*method)(context_.get(), request, &queue);
    reader_->StartCall();
    reader_->Finish(&response_, &status_, this);
  }

  // It was sent over a connection whose other end had gone: not what an agent says of itself, which
  // comes with details.
  bool lost() const {
    return started_.ok() && was_connected_ &&
           status_.error_code() == grpc::StatusCode::UNAVAILABLE && status_.error_details().empty();
  }

  void AwaitEndOfConnection() { agent_->AwaitEndOfConnection(); }

  Answer<Response> TakeAnswer() {
    absl::Status status = started_.ok() ? agent_->Conclude(status_) : started_;
    if (!status.ok()) return {agent_, std::move(status)};
    return {agent_, std::move(response_)};
  }

 private:
  AgentClient* agent_;
  bool was_connected_ = false;
  absl::Status started_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
  Response response_;
  grpc::Status status_;
};

// Asks each agent, all at once, on the caller's thread, until all have answered or `until` is near.
// An agent that was started again since the last call is asked a second time: it would not answer
// on the old connection, and every call may be repeated. The answers are in the order of the
// agents.
template <typename Request, typename Response>
std::vector<Answer<Response>> AskUntil(absl::Time until, const std::vector<AgentClient*>& agents,
                                       AgentMethod<Request, Response> method,
                                       const Request& request) {
  std::vector<Question<Request, Response>> questions(agents.begin(), agents.end());
  std::vector<Question<Request, Response>*> open;
  const auto ask = [&] {
    grpc::CompletionQueue queue;
    for (auto* question : open) question->Ask(until, method, request, queue);
    // Next() then says false as soon as every question has its answer.
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
    }
  };
  for (auto& question : questions) open.push_back(&question);
  ask();
  std::erase_if(open, [](const auto* question) { return !question->lost(); });
  for (auto* question : open) question->AwaitEndOfConnection();
  if (!open.empty()) ask();
  std::vector<Answer<Response>> answers;
  answers.reserve(questions.size());
  for (auto& question : questions) answers.push_back(question.TakeAnswer());
  return answers;
}

// Asks one agent. It has all the time.
template <typename Request, typename Response>
absl::StatusOr<Response> Ask(AgentClient& agent, AgentMethod<Request, Response> method,
                             const Request& request, absl::Time deadline) {
  return std::move(AskUntil(deadline, {&agent}, method, request).front().response);
}

// Asks several agents at once. A silent one takes a part of the time only.
template <typename Request, typename Response>
std::vector<Answer<Response>> AskAll(const std::vector<AgentClient*>& agents,
                                     AgentMethod<Request, Response> method, const Request& request,
                                     absl::Time deadline) {
  if (agents.empty()) return {};
  return AskUntil(agents.front()->PatienceUntil(deadline), agents, method, request);
}

}  // namespace nvmeof::backend
