// Rows of facts about requests: a valid one, one change to it, and the code of the outcome.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace nvmeof::testing {

inline constexpr auto kOk = absl::StatusCode::kOk;
inline constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
inline constexpr auto kOutOfRange = absl::StatusCode::kOutOfRange;

template <typename Request>
struct RequestRow {
  std::string name;
  std::function<void(Request&)> change;
  absl::StatusCode code;
};

template <typename Request, typename Parse>
void ExpectRows(const Request& valid, Parse parse, const std::vector<RequestRow<Request>>& rows) {
  EXPECT_TRUE(parse(valid).ok()) << parse(valid).status();
  for (const RequestRow<Request>& row : rows) {
    Request request = valid;
    row.change(request);
    EXPECT_EQ(parse(request).status().code(), row.code) << row.name;
  }
}

}  // namespace nvmeof::testing
