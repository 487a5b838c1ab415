#include "tests/vm/facades/kernel_spdk.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

#include "base/errno_status.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "tests/vm/network.h"
#include "volume/path.h"

namespace nvmeof::testing {
namespace {

// 64 GiB of clusters of 4 MiB, sparse on the guest's disk of 16.
constexpr std::int64_t kClusters = 1 << 14;
constexpr char kStore[] = "store";

}  // namespace

absl::Status KernelSpdkEffects::LvolIs(const std::string& uuid, const FakeLvol* lvol) {
  if (lvol == nullptr) return kernel_.Remove(uuid);
  return kernel_.Resize(uuid, lvol->size_bytes);
}

absl::Status KernelSpdkEffects::SubsystemIs(const std::string& nqn, const FakeSubsystem* wanted) {
  if (wanted == nullptr) return kernel_.Hide(nqn);
  KernelSubsystem subsystem{
      .nqn = nqn, .namespaces = {}, .hosts = wanted->hosts, .listeners = wanted->listeners};
  if (!wanted->bdev.empty()) subsystem.namespaces[1] = {wanted->bdev, wanted->bdev};
  return kernel_.Show(subsystem);
}

std::set<std::string> KernelSpdkEffects::Connected(const std::string& nqn) {
  return KernelTarget::Connected(nqn);
}

absl::StatusOr<std::unique_ptr<KernelSpdk>> KernelSpdk::Start(const std::string& socket,
                                                              const std::string& folder) {
  RETURN_IF_ERROR(base::EnsureDirectory(folder));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof(address.sun_path)) return absl::InvalidArgumentError(socket);
  std::copy(socket.begin(), socket.end(), address.sun_path);
  ::unlink(socket.c_str());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.ok() ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd.get(), 64) != 0) {
    return base::ErrnoStatus(errno, socket);
  }
  return std::unique_ptr<KernelSpdk>(new KernelSpdk(std::move(fd), folder));
}

backend::SpdkConfig KernelSpdk::ConfigFor(const Lab& lab) {
  return {
      .socket = lab.Folder("spdk.sock"),
      .lvol_store = kStore,
      .portals = {{.address = Network::PortalAddress(0)}, {.address = Network::PortalAddress(1)}}};
}

absl::StatusOr<std::unique_ptr<KernelSpdk>> KernelSpdk::StartFor(const Lab& lab) {
  const backend::SpdkConfig config = ConfigFor(lab);
  std::vector<std::string> portals;
  for (const volume::Portal& each : config.portals) portals.push_back(volume::FormatPortal(each));
  RETURN_IF_ERROR(base::WriteFileAtomically(
      lab.Folder("backends.yaml"),
      absl::StrCat("backends:\n  - name: user-space\n    type: spdk\n    socket: ", config.socket,
                   "\n    lvolStore: ", config.lvol_store, "\n    portals: [\"",
                   absl::StrJoin(portals, "\", \""), "\"]\n    provisioning: thin\n")));
  return Start(config.socket, lab.Folder("pool"));
}

KernelSpdk::KernelSpdk(base::UniqueFd listening, const std::string& folder)
    : effects_(folder),
      target_(kClusters, &effects_),
      listening_(std::move(listening)),
      thread_([this] { Serve(); }) {}

KernelSpdk::~KernelSpdk() {
  ::shutdown(listening_.get(), SHUT_RDWR);
  thread_.join();
}

void KernelSpdk::Serve() {
  while (true) {
    const base::UniqueFd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.ok()) return;
    Answer(fd.get());
  }
}

// A request has no end but that of its JSON.
void KernelSpdk::Answer(int fd) {
  std::string request;
  std::array<char, 65536> piece{};
  google::protobuf::Struct whole;
  do {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) return;
    request.append(piece.data(), static_cast<std::size_t>(got));
  } while (!google::protobuf::util::JsonStringToMessage(request, &whole).ok());
  const absl::StatusOr<std::string> answer = target_.Exchange(request);
  if (!answer.ok()) return;
  absl::string_view rest = *answer;
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace nvmeof::testing
