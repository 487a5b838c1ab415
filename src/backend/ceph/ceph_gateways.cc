#include "backend/ceph/ceph_gateways.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

#include "backend/grpc/channel.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

absl::Status TransportStatus(const grpc::Status& status) {
  using grpc::StatusCode;
  const StatusCode code = status.error_code();
  const std::string& message = status.error_message();
  if (code == StatusCode::OK) return absl::OkStatus();
  if (code == StatusCode::UNAVAILABLE || code == StatusCode::CANCELLED) {
    return absl::UnavailableError(message);
  }
  if (code == StatusCode::DEADLINE_EXCEEDED) return absl::UnavailableError("no answer in time");
  if (code == StatusCode::UNIMPLEMENTED) {
    return absl::InternalError(
        absl::StrCat("it does not know this call; is it too old? ", message));
  }
  if (code == StatusCode::UNAUTHENTICATED || code == StatusCode::PERMISSION_DENIED) {
    return absl::InternalError(absl::StrCat("it does not let this controller in: ", message));
  }
  return absl::InternalError(message);
}

// A gateway that is about to end, or that waits for a Ceph cluster which does not answer it.
bool IsLost(int status) { return std::abs(status) == ESHUTDOWN || std::abs(status) == ETIMEDOUT; }

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  absl::StatusOr<std::string> pem = base::ReadFile(path);
  if (pem.ok()) return pem;
  return absl::FailedPreconditionError(pem.status().message());
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const std::optional<CephTls>& tls) {
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  ASSIGN_OR_RETURN(options.pem_root_certs, ReadPem(tls->ca_cert));
  ASSIGN_OR_RETURN(options.pem_cert_chain, ReadPem(tls->client_cert));
  ASSIGN_OR_RETURN(options.pem_private_key, ReadPem(tls->client_key));
  return grpc::SslCredentials(options);
}

}  // namespace

absl::Status GatewayStatus(int status, const std::string& message) {
  if (status == 0) return absl::OkStatus();
  const std::string text = absl::StrCat(message, " (", status, ")");
  switch (std::abs(status)) {
    case ENOENT:
    case ENODEV:
      return absl::NotFoundError(text);
    case EEXIST:
      return absl::AlreadyExistsError(text);
    case E2BIG:
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(text);
    case EBUSY:
    case EAGAIN:
    case ENOKEY:
    case ETIMEDOUT:
    case ESHUTDOWN:
      return absl::UnavailableError(text);
    case EACCES:
    case EPERM:
    case ENOTEMPTY:
      return absl::FailedPreconditionError(text);
    default:
      return absl::InternalError(text);
  }
}

CephGateways::CephGateways(std::string backend, CephConfig config, const base::Clock& clock)
    : backend_(std::move(backend)),
      config_(std::move(config)),
      clock_(clock),
      stubs_(config_.gateways.size()) {}

absl::Status CephGateways::TryInTurn(std::size_t first, const char* method, absl::Time deadline,
                                     const std::vector<int>& fine, const Call& call) {
  const std::size_t count = config_.gateways.size();
  const bool is_current = first == current_;
  Outcome outcome{absl::InternalError("there is no gateway"), false};
  for (std::size_t turn = 0; turn < count; ++turn) {
    const std::size_t gateway = (first + turn) % count;
    const absl::Time now = clock_.Now();
    // A gateway that hangs leaves time to ask another.
    const bool is_last = turn + 1 == count;
    const absl::Time until = is_last ? deadline : now + (deadline - now) / 2;
    outcome = Try(gateway, method, until, fine, call);
    if (!outcome.ask_another) break;
    if (is_current) current_ = (gateway + 1) % count;
    base::Log(base::Level::kWarning, "gateway cannot answer",
              {{"backend", backend_},
               {"gateway", config_.gateways[gateway].address},
               {"status", outcome.status.ToString()}});
  }
  return outcome.status;
}

CephGateways::Outcome CephGateways::Try(std::size_t gateway, const char* method,
                                        absl::Time deadline, const std::vector<int>& fine,
                                        const Call& call) {
  const std::string where =
      absl::StrCat("gateway ", config_.gateways[gateway].address, ": ", method);
  const absl::StatusOr<::Gateway::Stub*> stub = StubOf(gateway);
  if (!stub.ok()) return {base::Annotate(stub.status(), where), false};
  const absl::Duration left = deadline - clock_.Now();
  if (left <= absl::ZeroDuration()) {
    return {absl::DeadlineExceededError(absl::StrCat(where, ": no time left to ask it")), false};
  }
  grpc::ClientContext context;
  SetTimeLeft(context, left);
  const Spoken spoken = call(**stub, context);
  const absl::Status transport = TransportStatus(spoken.transport);
  if (!transport.ok()) {
    return {base::Annotate(transport, where), absl::IsUnavailable(transport)};
  }
  if (std::find(fine.begin(), fine.end(), std::abs(spoken.status)) != fine.end())
    return {{}, false};
  return {base::Annotate(GatewayStatus(spoken.status, spoken.message), where),
          IsLost(spoken.status)};
}

absl::StatusOr<::Gateway::Stub*> CephGateways::StubOf(std::size_t gateway) {
  {
    const absl::MutexLock lock(&mutex_);
    if (stubs_[gateway] != nullptr) return stubs_[gateway].get();
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ChannelCredentials> credentials,
                   Credentials(config_.tls));
  const absl::MutexLock lock(&mutex_);
  if (stubs_[gateway] == nullptr) {
    stubs_[gateway] = ::Gateway::NewStub(grpc::CreateCustomChannel(
        config_.gateways[gateway].address, credentials, StorageChannelArguments()));
  }
  return stubs_[gateway].get();
}

}  // namespace nvmeof::backend
