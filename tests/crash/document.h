// Documents that are made by tests: written when this program is called with --write, and otherwise
// compared.
#pragma once

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {

inline bool write_documents = false;  // main sets it

// `name` is in docs/.
inline void ExpectDocument(const std::string& name, const std::string& text) {
  constexpr unsigned kMode = 0644;
  const std::string path = NVMEOF_SOURCE_DIR "/docs/" + name;
  if (write_documents) {
    ASSERT_OK(base::WriteFileAtomically(path, text, kMode));
  }
  EXPECT_TRUE(base::ReadFile(path).value_or("") == text)
      << path << " is out of date: run build/dev/tests/crash/crash_table_test --write";
}

}  // namespace nvmeof::testing
