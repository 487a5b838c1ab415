// TableUnder: a table of docs/PARAMETERS.md, so that a test can compare it with the code.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "base/file.h"

namespace nvmeof::volume {

// The cells of the first table under the heading, row by row, without its two head lines; empty
// when there is none.
inline std::vector<std::vector<std::string>> TableUnder(absl::string_view heading) {
  const std::string text = base::ReadFile(NVMEOF_SOURCE_DIR "/docs/PARAMETERS.md").value();
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::MaxSplits(absl::StrCat("\n", heading, "\n"), 1));
  std::vector<std::vector<std::string>> rows;
  for (absl::string_view line : absl::StrSplit(parts.back(), '\n')) {
    if (!absl::ConsumePrefix(&line, "| ")) {
      if (rows.empty()) continue;
      break;
    }
    absl::ConsumeSuffix(&line, " |");
    rows.push_back(absl::StrSplit(line, " | "));
  }
  if (rows.size() > 1) rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

// What stands in a cell of one `word`.
inline std::string Word(absl::string_view cell) {
  absl::ConsumePrefix(&cell, "`");
  absl::ConsumeSuffix(&cell, "`");
  return std::string(cell);
}

}  // namespace nvmeof::volume
