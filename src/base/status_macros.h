// RETURN_IF_ERROR and ASSIGN_OR_RETURN: leave the function with the error of a Status or StatusOr.
// The names and meaning are those of Abseil's internal macros; the packaged Abseil has none.
// Annotate adds the object that a layer acts on, once per layer: "stage vol-7: connect: ...".
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace nvmeof::base {

// Same code, message "<context>: <message>". OK stays OK.
[[nodiscard]] inline absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(context, ": ", status.message()));
}

}  // namespace nvmeof::base

#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

#define NVMEOF_CONCAT_INNER(a, b) a##b
#define NVMEOF_CONCAT(a, b) NVMEOF_CONCAT_INNER(a, b)

#define ASSIGN_OR_RETURN(declaration, expression) \
  NVMEOF_ASSIGN_OR_RETURN(NVMEOF_CONCAT(status_or_, __LINE__), declaration, expression)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses
#define NVMEOF_ASSIGN_OR_RETURN(variable, declaration, expression) \
  auto variable = (expression);                                    \
  if (!variable.ok()) {                                            \
    return std::move(variable).status();                           \
  }                                                                \
  declaration = *std::move(variable)
// NOLINTEND(bugprone-macro-parentheses)
