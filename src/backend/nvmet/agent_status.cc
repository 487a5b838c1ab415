#include "backend/nvmet/agent_status.h"

#include "absl/strings/str_cat.h"

namespace nvmeof::backend {
namespace {

// A deployment that cannot work until a person changes it.
absl::Status Misfit(absl::string_view why, const grpc::Status& status) {
  return absl::InternalError(absl::StrCat(why, ": ", status.error_message()));
}

}  // namespace

absl::Status AgentStatus(const grpc::Status& status) {
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return absl::OkStatus();
    case grpc::StatusCode::INVALID_ARGUMENT:
      return absl::InvalidArgumentError(message);
    case grpc::StatusCode::NOT_FOUND:
      return absl::NotFoundError(message);
    case grpc::StatusCode::ALREADY_EXISTS:
      return absl::AlreadyExistsError(message);
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return absl::ResourceExhaustedError(message);
    case grpc::StatusCode::FAILED_PRECONDITION:
      return absl::FailedPreconditionError(message);
    case grpc::StatusCode::ABORTED:
      return absl::AbortedError(message);
    case grpc::StatusCode::OUT_OF_RANGE:
      return absl::OutOfRangeError(message);
    case grpc::StatusCode::UNAVAILABLE:
      return absl::UnavailableError(message);
    case grpc::StatusCode::CANCELLED:
      return absl::UnavailableError(absl::StrCat("the call was cancelled: ", message));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::UnavailableError("no answer in time");
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return Misfit("it does not let this controller in", status);
    case grpc::StatusCode::UNIMPLEMENTED:
      return Misfit("it does not know this call; is it older than this controller?", status);
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DATA_LOSS:
    case grpc::StatusCode::DO_NOT_USE:
      return absl::InternalError(message);
  }
  return absl::InternalError(
      absl::StrCat("unknown code ", static_cast<int>(status.error_code()), ": ", message));
}

}  // namespace nvmeof::backend
