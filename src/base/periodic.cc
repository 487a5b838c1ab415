#include "base/periodic.h"

#include <chrono>
#include <utility>

namespace nvmeof::base {

Periodic::Periodic(absl::Duration pause, std::function<void()> body)
    : thread_([pause = absl::ToChronoNanoseconds(pause), body = std::move(body),
               stopped = stop_.get_future()] {
        do body();
        while (stopped.wait_for(pause) != std::future_status::ready);
      }) {}

Periodic::~Periodic() {
  stop_.set_value();
  thread_.join();
}

}  // namespace nvmeof::base
