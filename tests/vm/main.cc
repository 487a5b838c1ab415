// The main function of every guest suite: marks the kernel's log where a case begins, so that
// tests/vm/case can show what the kernel said during the one that failed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>

namespace {

class KernelLogMarks final : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo& info) override {
    std::ofstream("/dev/kmsg") << "nvmeof-case: " << info.test_suite_name() << "." << info.name()
                               << std::endl;
  }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(
      std::make_unique<KernelLogMarks>().release());
  return RUN_ALL_TESTS();
}
