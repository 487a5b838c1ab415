#include "backend/spdk/http_rpc_transport.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

constexpr int kServerErrors = 500;

absl::Status Unknown(int status) {
  return absl::UnavailableError(
      absl::StrCat("the proxy has no whole answer of the target (", status,
                   "), so that nobody knows whether the request was carried out"));
}

}  // namespace

absl::StatusOr<std::string> HttpRpcTransport::Exchange(absl::string_view request,
                                                       absl::Time deadline) {
  ASSIGN_OR_RETURN(HttpAnswer answer,
                   http_->Exchange({"POST", "/", std::string(request)}, deadline));
  // Also for the errors of the RPC, and when the target ended without an answer.
  if (answer.status == kHttpOk) {
    if (absl::EndsWith(absl::StripTrailingAsciiWhitespace(answer.body), "}")) {
      return std::move(answer.body);
    }
    return Unknown(answer.status);
  }
  if (answer.status == kHttpUnauthorized) {
    return absl::InternalError("the proxy refuses our user or password (401)");
  }
  if (answer.status >= kServerErrors) return Unknown(answer.status);
  return absl::InternalError(absl::StrCat("the proxy refuses the request (", answer.status, ")"));
}

}  // namespace nvmeof::backend
