// LabTest: a case with a lab of its own, which must leave nothing behind; when it fails, the
// processes' last words are shown.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/vm/lab.h"

namespace nvmeof::testing {

class LabTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // What the case needs: all three processes, unless it says otherwise.
  virtual absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) {
    return Lab::Start(name);
  }

  // Gets the lab of a case that went well and left nothing.
  virtual void Keep(std::unique_ptr<Lab> lab) { lab.reset(); }

  Lab& lab() { return *lab_; }

 private:
  std::unique_ptr<Lab> lab_;
};

}  // namespace nvmeof::testing
