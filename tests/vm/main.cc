// The main function of every guest suite: marks the kernel's log where a case begins, so that
// tests/vm/case can show what the kernel said during the one that failed, and ends a suite that
// hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace {

// No case takes half of it, on a busy machine and under a sanitizer. A suite's deadline
// (tests/vm/guest) is longer, and leaves nobody who could say where it hung.
constexpr std::chrono::seconds kCaseLimit{400};

class KernelLogMarks final : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo& info) override {
    std::ofstream("/dev/kmsg") << "nvmeof-case: " << info.test_suite_name() << "." << info.name()
                               << std::endl;
  }
};

// Ends this program, and says where every thread stands, when a case takes longer than kCaseLimit.
class CaseWatch final : public testing::EmptyTestEventListener {
 public:
  CaseWatch() : watcher_([this](const std::stop_token& stop) { Watch(stop); }) {}

  void OnTestStart(const testing::TestInfo& info) override {
    Expect(std::string(info.test_suite_name()) + "." + info.name());
  }
  void OnTestEnd(const testing::TestInfo& /*info*/) override { Expect(""); }

 private:
  void Expect(const std::string& name) {
    const std::lock_guard lock(mutex_);
    name_ = name;
    until_ = std::chrono::steady_clock::now() + kCaseLimit;
    changed_.notify_one();
  }

  void Watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (name_.empty()) {
        changed_.wait(lock, stop, [this] { return !name_.empty(); });
      } else if (std::chrono::steady_clock::now() < until_) {
        changed_.wait_until(lock, stop, until_, [] { return false; });
      } else {
        GiveUp();
      }
    }
  }

  [[noreturn]] void GiveUp() const {
    std::cout << name_ << " has taken " << kCaseLimit.count() << " s; the suite ends here\n"
              << std::flush;
    const std::string stacks = NVMEOF_STACKS " " + std::to_string(::getpid());
    // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): a shell's words, in a program that ends
    if (std::system(stacks.c_str()) != 0) std::cout << "and nobody could say where it stood\n";
    ::_exit(3);
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string name_;
  std::chrono::steady_clock::time_point until_;
  std::jthread watcher_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  listeners.Append(std::make_unique<KernelLogMarks>().release());
  listeners.Append(std::make_unique<CaseWatch>().release());
  return RUN_ALL_TESTS();
}
