// faults_bench: what dead portals, lost paths and many volumes cost, measured in one guest in one
// run, the good and the bad case taking turns. Prints tables of docs/BENCHMARKS.md.
//
//   faults_bench [portals] [crowd] [recovery]      all without an argument
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "bench/faults/measures.h"

namespace nvmeof::bench {
namespace {

using Measure = absl::Status (*)(testing::Lab&);

absl::Status Run(const std::vector<std::string>& wanted) {
  const std::vector<std::pair<std::string, Measure>> measures = {
      {"portals", MeasureDeadPortals}, {"crowd", MeasureCrowd}, {"recovery", MeasureRecovery}};
  ASSIGN_OR_RETURN(const std::unique_ptr<testing::Lab> lab, testing::Lab::Start("faults-bench"));
  for (const auto& [name, measure] : measures) {
    const bool asked = std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    if (!wanted.empty() && !asked) continue;
    const absl::Status status = measure(*lab);
    if (status.ok()) continue;
    std::cout << lab->LastWords();
    return status;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace nvmeof::bench

int main(int argc, char** argv) {
  std::cout << std::unitbuf;  // each row when it is known
  const absl::Status status = nvmeof::bench::Run({argv + 1, argv + argc});
  if (!status.ok()) std::cout << status << "\n";
  return status.ok() ? 0 : 1;
}
