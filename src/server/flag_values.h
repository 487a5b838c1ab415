// The kinds of value that a flag may have: each turns text into a value, or says what is allowed.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

#include "volume/accessibility.h"

namespace nvmeof::server {

// Puts the value of `text` into the variable that it was made for, which must outlive it.
// InvalidArgument: the variable is as before and the message says what is allowed ("must be ...").
// A flag that may be repeated stores once for each value.
using Store = std::function<absl::Status(const std::string& text)>;

// Anything but nothing.
[[nodiscard]] Store Text(std::string& value);

[[nodiscard]] Store AbsolutePath(std::string& value);

// A decimal number within the bounds, both included.
[[nodiscard]] Store WholeNumber(int& value, int minimum, int maximum);

// Domain name notation, at most 63 characters (CSI specification, GetPluginInfo).
[[nodiscard]] Store DriverName(std::string& value);

// LABEL=VALUE of a node, collected; a label is given once. LABEL= is passed over: it is what an
// environment variable of a label that the node does not have leaves.
[[nodiscard]] Store NodeLabel(volume::Segments& labels);

// Nothing leaves the value as it is; the rest is for the other one.
[[nodiscard]] Store OrNothing(Store store);

template <typename T>
[[nodiscard]] Store OneOf(T& value, const std::vector<std::pair<std::string, T>>& choices) {
  return [&value, choices](const std::string& text) {
    for (const auto& [name, choice] : choices) {
      if (text == name) {
        value = choice;
        return absl::OkStatus();
      }
    }
    const auto append_name = [](std::string* out, const auto& choice) {
      out->append(choice.first);
    };
    return absl::InvalidArgumentError(
        absl::StrCat("must be one of ", absl::StrJoin(choices, ", ", append_name)));
  };
}

template <typename T>
[[nodiscard]] Store Parsed(T& value, absl::StatusOr<T> (*parse)(absl::string_view)) {
  return [&value, parse](const std::string& text) {
    absl::StatusOr<T> parsed = parse(text);
    if (!parsed.ok()) return parsed.status();
    value = *std::move(parsed);
    return absl::OkStatus();
  };
}

// Collects the values of a flag that may be repeated; equal ones are refused.
template <typename T>
[[nodiscard]] Store EachParsed(std::vector<T>& values,
                               absl::StatusOr<T> (*parse)(absl::string_view)) {
  return [&values, parse](const std::string& text) {
    absl::StatusOr<T> parsed = parse(text);
    if (!parsed.ok()) return parsed.status();
    for (const T& value : values) {
      if (value == *parsed) return absl::InvalidArgumentError("must not be given twice");
    }
    values.push_back(*std::move(parsed));
    return absl::OkStatus();
  };
}

}  // namespace nvmeof::server
