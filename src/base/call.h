// Call: what one request carries down through the layers: when it must end, how long its slow steps
// took, for the one line that the edge logs about it, and what it waits for, for the answer to a
// caller whose time ends first.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "base/clock.h"

namespace nvmeof::base {

// One thread at a time. Borrows the clock.
class Call {
 public:
  struct Step {
    std::string name;
    absl::Duration took;
  };

  // Runs on the thread of the call.
  using Announce = std::function<void(std::string what)>;

  Call(const Clock& clock, absl::Time deadline, Announce announce = {})
      : clock_(clock), deadline_(deadline), announce_(std::move(announce)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() = default;

  absl::Time deadline() const { return deadline_; }
  absl::Duration remaining() const { return deadline_ - clock_.Now(); }

  // Runs `body` and adds its time under `name`; steps of one name are summed. Returns its result.
  template <typename Body>
  auto Measure(absl::string_view name, Body&& body) {
    const Stopwatch stopwatch(*this, name);
    return std::forward<Body>(body)();
  }

  // Says what the next step may wait for, in words for people; it replaces what was said before.
  void WaitsFor(std::string what) {
    if (announce_) announce_(std::move(what));
  }

  // In order of first use.
  const std::vector<Step>& steps() const { return steps_; }

 private:
  class Stopwatch {
   public:
    Stopwatch(Call& call, absl::string_view name)
        : call_(call), name_(name), start_(call.clock_.Now()) {}
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;
    ~Stopwatch() { call_.Add(name_, call_.clock_.Now() - start_); }

   private:
    Call& call_;
    absl::string_view name_;
    absl::Time start_;
  };

  void Add(absl::string_view name, absl::Duration took);

  const Clock& clock_;
  const absl::Time deadline_;
  const Announce announce_;
  std::vector<Step> steps_;
};

}  // namespace nvmeof::base
