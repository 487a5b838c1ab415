#include "tests/vm/lab_fixture.h"

#include <iostream>
#include <utility>

#include "absl/strings/str_replace.h"

#include "tests/vm/eventually.h"

namespace nvmeof::testing {

void LabTest::SetUp() {
  const ::testing::TestInfo& info = *::testing::UnitTest::GetInstance()->current_test_info();
  auto lab = MakeLab(absl::StrReplaceAll(info.name(), {{"/", "-"}}));
  ASSERT_OK(lab);
  lab_ = *std::move(lab);
}

void LabTest::TearDown() {
  if (lab_ == nullptr) return;
  // A subsystem without controllers goes when the last opener of its disk (udev, for one) lets go.
  static_cast<void>(Eventually(absl::Seconds(10), [this] { return lab_->Leftovers().empty(); }));
  EXPECT_THAT(lab_->Leftovers(), ::testing::IsEmpty());
  if (HasFailure()) {
    std::cout << lab_->LastWords();
  } else {
    Keep(std::move(lab_));
  }
}

}  // namespace nvmeof::testing
