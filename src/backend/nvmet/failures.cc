#include "backend/nvmet/failures.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_join.h"

#include "base/log.h"

namespace nvmeof::backend {

absl::Status Failures::Verdict() const {
  const std::string messages =
      absl::StrJoin(failures_, "; ", [](std::string* out, const absl::Status& failure) {
        absl::StrAppend(out, failure.message());
      });
  for (const absl::StatusCode code :
       {absl::StatusCode::kResourceExhausted, absl::StatusCode::kOutOfRange,
        absl::StatusCode::kInvalidArgument}) {
    const bool said = std::any_of(failures_.begin(), failures_.end(),
                                  [&](const absl::Status& each) { return each.code() == code; });
    if (said) return absl::Status(code, messages);
  }
  return absl::Status(failures_.front().code(), messages);
}

void Failures::Log(absl::string_view backend) const {
  for (const absl::Status& failure : failures_) {
    if (!absl::IsInternal(failure)) continue;
    base::Log(base::Level::kWarning, "agent left out",
              {{"backend", std::string(backend)}, {"error", failure.ToString()}});
  }
}

}  // namespace nvmeof::backend
