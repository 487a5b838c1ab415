#include "tests/fakes/fake_spdk.h"

#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "tests/fakes/changes.h"
#include "tests/fakes/json_values.h"
#include "volume/uuid.h"

namespace nvmeof::testing {

class FakeSpdk::Transport final : public backend::RpcTransport {
 public:
  explicit Transport(FakeSpdk& target) : target_(target) {}
  absl::StatusOr<std::string> Exchange(absl::string_view request, absl::Time) override {
    return target_.Exchange(request);
  }
  std::string Describe() const override { return "fake SPDK"; }

 private:
  FakeSpdk& target_;
};

std::unique_ptr<backend::RpcTransport> FakeSpdk::Connect() {
  return std::make_unique<Transport>(*this);
}

void FakeSpdk::Restart() {
  const absl::MutexLock lock(&mutex_);
  for (const auto& [nqn, subsystem] : state_.subsystems) {
    if (effects_ != nullptr) effects_->SubsystemIs(nqn, nullptr).IgnoreError();
  }
  state_.subsystems.clear();
  state_.transports = {"TCP"};
}

void FakeSpdk::RestartAs(SpdkVersion version) {
  Restart();
  const absl::MutexLock lock(&mutex_);
  state_.version = version;
}

void FakeSpdk::RemoveTransport() {
  const absl::MutexLock lock(&mutex_);
  state_.transports.clear();
}

int FakeSpdk::requests() {
  const absl::MutexLock lock(&mutex_);
  return requests_;
}

void FakeSpdk::FailAt(int n, Fault fault) {
  const absl::MutexLock lock(&mutex_);
  until_fault_ = n;
  fault_ = fault;
}

void FakeSpdk::Meanwhile(int n, std::function<void()> hook) {
  const absl::MutexLock lock(&mutex_);
  until_hook_ = n;
  hook_ = std::move(hook);
}

void FakeSpdk::RunHook() {
  std::function<void()> hook;
  {
    const absl::MutexLock lock(&mutex_);
    if (until_hook_ == 0 || --until_hook_ > 0) return;
    hook = std::move(hook_);
  }
  hook();
}

void FakeSpdk::AddLvol(const std::string& name, std::int64_t size_bytes) {
  const absl::MutexLock lock(&mutex_);
  state_.lvols.emplace(volume::Uuid::Random().Dashed(), Lvol{name, size_bytes, true});
}

void FakeSpdk::RenameLvol(const std::string& uuid, const std::string& name) {
  const absl::MutexLock lock(&mutex_);
  state_.lvols.at(uuid).name = name;
}

void FakeSpdk::Meddle(const std::string& nqn, const std::function<void(Subsystem&)>& change) {
  const absl::MutexLock lock(&mutex_);
  change(state_.subsystems[nqn]);
}

bool FakeSpdk::ConnectHost(const std::string& nqn, const std::string& host) {
  const absl::MutexLock lock(&mutex_);
  const auto found = state_.subsystems.find(nqn);
  if (found == state_.subsystems.end() || found->second.listeners.empty()) return false;
  const std::vector<std::string>& hosts = found->second.hosts;
  if (!absl::c_linear_search(hosts, host)) return false;
  found->second.connected.insert(host);
  return true;
}

std::map<std::string, FakeSpdk::Lvol> FakeSpdk::lvols() {
  const absl::MutexLock lock(&mutex_);
  return state_.lvols;
}

std::map<std::string, FakeSpdk::Subsystem> FakeSpdk::subsystems() {
  const absl::MutexLock lock(&mutex_);
  return state_.subsystems;
}

std::vector<std::string> FakeSpdk::methods() {
  const absl::MutexLock lock(&mutex_);
  return methods_;
}

absl::StatusOr<std::string> FakeSpdk::Exchange(absl::string_view request) {
  json::Struct asked;
  if (!google::protobuf::util::JsonStringToMessage(std::string(request), &asked).ok()) {
    return absl::UnavailableError("the connection was closed");
  }
  RunHook();
  const absl::MutexLock lock(&mutex_);
  ++requests_;
  const bool fails = until_fault_ > 0 && --until_fault_ == 0;
  SpdkOutcome outcome;
  if (!fails || fault_ == Fault::kAnswerLost || fault_ == Fault::kRefusedDone) {
    const std::string method = json::GetText(asked, "method");
    methods_.push_back(method);
    const auto params = asked.fields().find("params");
    outcome = Perform(method, params == asked.fields().end() ? nullptr : &params->second);
  }
  if (fails && (fault_ == Fault::kLost || fault_ == Fault::kAnswerLost)) {
    return absl::UnavailableError("the connection was closed");
  }
  if (fails) outcome = {.error = SpdkError{-32603, "Internal error"}};
  std::map<std::string, json::Value> answer = {{"jsonrpc", json::Text("2.0")},
                                               {"id", json::Get(asked, "id")}};
  if (!outcome.error.has_value()) {
    answer["result"] = outcome.result;
  } else {
    answer["error"] = json::Object({{"code", json::Number(outcome.error->code)},
                                    {"message", json::Text(outcome.error->message)}});
  }
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(json::Object(answer), &text).ok()) {
    return absl::InternalError("no JSON");
  }
  return text + "\n";
}

SpdkOutcome FakeSpdk::Perform(const std::string& method, const google::protobuf::Value* params) {
  if (effects_ == nullptr) return state_.Perform(method, params);
  for (auto& [nqn, subsystem] : state_.subsystems) subsystem.connected = effects_->Connected(nqn);
  const SpdkState before = state_;
  SpdkOutcome outcome = state_.Perform(method, params);
  const absl::Status applied = Apply(before);
  if (applied.ok()) return outcome;
  state_ = before;
  return {.error = SpdkError{-32603, absl::StrCat("Internal error: ", applied.message())}};
}

absl::Status FakeSpdk::Apply(const SpdkState& before) {
  // A volume is there before somebody exports it, and goes after its export.
  std::map<std::string, Lvol> kept = state_.lvols;
  kept.insert(before.lvols.begin(), before.lvols.end());
  const auto lvol_is = [this](const std::string& uuid, const Lvol* lvol) {
    return effects_->LvolIs(uuid, lvol);
  };
  absl::Status applied = ForEachChange(before.lvols, kept, lvol_is);
  applied.Update(ForEachChange(before.subsystems, state_.subsystems,
                               [this](const std::string& nqn, const Subsystem* now) {
                                 return effects_->SubsystemIs(nqn, now);
                               }));
  applied.Update(ForEachChange(kept, state_.lvols, lvol_is));
  return applied;
}

}  // namespace nvmeof::testing
