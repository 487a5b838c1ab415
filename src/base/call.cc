#include "base/call.h"

#include <algorithm>

namespace nvmeof::base {

void Call::Add(absl::string_view name, absl::Duration took) {
  const auto step = std::find_if(steps_.begin(), steps_.end(),
                                 [name](const Step& known) { return known.name == name; });
  if (step != steps_.end()) {
    step->took += took;
  } else {
    steps_.push_back({std::string(name), took});
  }
}

}  // namespace nvmeof::base
