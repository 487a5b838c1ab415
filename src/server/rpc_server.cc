#include "server/rpc_server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"

namespace nvmeof::server {
namespace {

// What clients of CSI accept by default; a longer request has no honest reason.
constexpr int kMaximumMessageBytes = 4 << 20;

// One for each call in flight and a few of gRPC's own. A call over it is refused with
// ResourceExhausted, and the orchestrator comes again.
constexpr int kMaximumThreads = 64;

// Threads that wait for the next call. One completion queue is enough for a socket with a handful
// of clients; gRPC's default, one for each core, costs memory and start time.
constexpr int kMinimumPollers = 1;
constexpr int kMaximumPollers = 2;

constexpr mode_t kSocketMode = 0660;

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const Endpoint& endpoint, const std::vector<grpc::Service*>& services) {
  RETURN_IF_ERROR(MakeRoom(endpoint));
  grpc::ResourceQuota quota("server");
  quota.SetMaxThreads(kMaximumThreads);
  grpc::ServerBuilder builder;
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaximumMessageBytes);
  builder.SetMaxSendMessageSize(kMaximumMessageBytes);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, kMinimumPollers);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kMaximumPollers);
  // Two servers on one TCP port would share its calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(endpoint.address(), grpc::InsecureServerCredentials());
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", endpoint.address()));
  }
  std::unique_ptr<RpcServer> started(new RpcServer(std::move(server), endpoint.socket_path()));
  if (!endpoint.socket_path().empty() &&
      ::chmod(endpoint.socket_path().c_str(), kSocketMode) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("set the mode of ", endpoint.socket_path()));
  }
  return started;
}

RpcServer::RpcServer(std::unique_ptr<grpc::Server> server, std::string socket_path)
    : server_(std::move(server)),
      socket_path_(std::move(socket_path)),
      file_(FileAt(socket_path_)) {}

RpcServer::~RpcServer() { Stop(absl::ZeroDuration()); }

void RpcServer::Stop(absl::Duration grace) {
  // gRPC unlinks the socket before it closes it, so it cannot be the socket of a successor.
  // Not absl::Now: it goes on from the old time for a while when the clock was set.
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(grace));
}

bool RpcServer::Reachable() const {
  if (socket_path_.empty()) return true;
  const std::optional<File> now = FileAt(socket_path_);
  return now && file_ && now->device == file_->device && now->number == file_->number;
}

std::optional<RpcServer::File> RpcServer::FileAt(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return File{info.st_dev, info.st_ino};
}

}  // namespace nvmeof::server
