#include "tests/vm/facades/kernel_spdk.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
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
#include "tests/vm/nvmet_tree.h"
#include "volume/path.h"

namespace nvmeof::testing {
namespace {

namespace fs = std::filesystem;

// 64 GiB of clusters of 4 MiB, sparse on the guest's disk of 16.
constexpr std::int64_t kClusters = 1 << 14;
constexpr int kFirstPort = 200;
constexpr char kStore[] = "store";

fs::path SubsystemFolder(const std::string& nqn) {
  return fs::path(kNvmetRoot) / "subsystems" / nqn;
}

std::vector<fs::path> Entries(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) entries.push_back(entry.path());
  return entries;
}

absl::Status Remove(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (!error) return absl::OkStatus();
  return base::ErrnoStatus(error.value(), absl::StrCat("remove ", path.string()));
}

absl::StatusOr<fs::path> PortAt(const std::string& listener) {
  const std::size_t colon = listener.rfind(':');
  const std::string address = listener.substr(0, colon);
  const std::string service = listener.substr(colon + 1);
  const std::vector<fs::path> ports = Entries(fs::path(kNvmetRoot) / "ports");
  for (const fs::path& port : ports) {
    std::string found;
    std::ifstream(port / "addr_traddr") >> found;
    if (found == address) return port;
  }
  fs::path made;
  for (int id = kFirstPort; made.empty() || fs::exists(made); ++id) {
    made = fs::path(kNvmetRoot) / "ports" / std::to_string(id);
  }
  RETURN_IF_ERROR(MakeNvmetFolder(made));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_trtype", "tcp"));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_adrfam", "ipv4"));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_traddr", address));
  RETURN_IF_ERROR(SetNvmetAttribute(made / "addr_trsvcid", service));
  return made;
}

absl::Status Unlink(const std::string& nqn) {
  for (const fs::path& port : Entries(fs::path(kNvmetRoot) / "ports")) {
    const fs::path link = port / "subsystems" / nqn;
    if (fs::exists(fs::symlink_status(link))) RETURN_IF_ERROR(Remove(link));
    if (Entries(port / "subsystems").empty()) RETURN_IF_ERROR(Remove(port));
  }
  return absl::OkStatus();
}

absl::Status Admit(const fs::path& subsystem, const std::string& host) {
  const fs::path folder = fs::path(kNvmetRoot) / "hosts" / host;
  RETURN_IF_ERROR(MakeNvmetFolder(folder));
  std::error_code error;
  fs::create_symlink(folder, subsystem / "allowed_hosts" / host, error);
  if (!error) return absl::OkStatus();
  return base::ErrnoStatus(error.value(), absl::StrCat("admit ", host));
}

absl::Status Evict(const fs::path& subsystem, const std::string& host) {
  RETURN_IF_ERROR(Remove(subsystem / "allowed_hosts" / host));
  // In use by another subsystem.
  Remove(fs::path(kNvmetRoot) / "hosts" / host).IgnoreError();
  return absl::OkStatus();
}

absl::Status TakeDown(const std::string& nqn) {
  const fs::path subsystem = SubsystemFolder(nqn);
  RETURN_IF_ERROR(Unlink(nqn));
  for (const fs::path& host : Entries(subsystem / "allowed_hosts")) {
    RETURN_IF_ERROR(Evict(subsystem, host.filename()));
  }
  for (const fs::path& ns : Entries(subsystem / "namespaces")) RETURN_IF_ERROR(Remove(ns));
  return Remove(subsystem);
}

}  // namespace

absl::Status KernelSpdkEffects::LvolIs(const std::string& uuid, const FakeLvol* lvol) {
  const std::string file = FileOf(uuid);
  if (lvol == nullptr) return base::RemoveFile(file, base::Durability::kProcess);
  const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.ok() || ::ftruncate(fd.get(), lvol->size_bytes) != 0) {
    return base::ErrnoStatus(errno, file);
  }
  const auto exported = exported_as_.find(uuid);
  if (exported == exported_as_.end()) return absl::OkStatus();
  return SetNvmetAttribute(fs::path(exported->second) / "revalidate_size", "1");
}

absl::Status KernelSpdkEffects::SubsystemIs(const std::string& nqn, const FakeSubsystem* wanted) {
  const fs::path subsystem = SubsystemFolder(nqn);
  if (wanted == nullptr) {
    std::erase_if(exported_as_, [&](const auto& each) {
      return each.second.starts_with(subsystem.string() + "/");
    });
    return TakeDown(nqn);
  }
  RETURN_IF_ERROR(MakeNvmetFolder(subsystem));
  RETURN_IF_ERROR(SetNvmetAttribute(subsystem / "attr_allow_any_host", "0"));
  if (!wanted->bdev.empty() && !exported_as_.contains(wanted->bdev)) {
    const fs::path ns = subsystem / "namespaces" / "1";
    RETURN_IF_ERROR(MakeNvmetFolder(ns));
    RETURN_IF_ERROR(SetNvmetAttribute(ns / "device_path", FileOf(wanted->bdev)));
    RETURN_IF_ERROR(SetNvmetAttribute(ns / "device_uuid", wanted->bdev));
    RETURN_IF_ERROR(SetNvmetAttribute(ns / "device_nguid", wanted->bdev));
    RETURN_IF_ERROR(SetNvmetAttribute(ns / "enable", "1"));
    exported_as_[wanted->bdev] = ns;
  }
  bool evicted = false;
  for (const fs::path& host : Entries(subsystem / "allowed_hosts")) {
    if (std::count(wanted->hosts.begin(), wanted->hosts.end(), host.filename()) > 0) continue;
    RETURN_IF_ERROR(Evict(subsystem, host.filename()));
    evicted = true;
  }
  for (const std::string& host : wanted->hosts) {
    if (!fs::exists(subsystem / "allowed_hosts" / host)) RETURN_IF_ERROR(Admit(subsystem, host));
  }
  // The kernel target leaves the connections of a host that it no longer lets in; without a port
  // all end, and the others come back.
  if (evicted) RETURN_IF_ERROR(Unlink(nqn));
  for (const std::string& listener : wanted->listeners) {
    ASSIGN_OR_RETURN(const fs::path port, PortAt(listener));
    if (fs::exists(fs::symlink_status(port / "subsystems" / nqn))) continue;
    RETURN_IF_ERROR(LinkToPort(nqn, port));
  }
  return absl::OkStatus();
}

std::set<std::string> KernelSpdkEffects::Connected(const std::string& nqn) {
  std::set<std::string> hosts;
  // Of kernels that show it; the others have ended the connections when the change is made.
  for (const fs::path& controller : Entries(fs::path("/sys/kernel/debug/nvmet") / nqn)) {
    std::string host;
    if (std::ifstream(controller / "hostnqn") >> host) hosts.insert(host);
  }
  return hosts;
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
