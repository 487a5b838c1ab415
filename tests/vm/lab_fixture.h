// LabTest: a case with a lab of its own, which must leave nothing behind; when it fails, the
// processes' last words are shown.
#pragma once

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/vm/lab.h"

namespace nvmeof::testing {

class LabTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  Lab& lab() { return *lab_; }

 private:
  std::unique_ptr<Lab> lab_;
};

}  // namespace nvmeof::testing
