#include "nvme/libnvme_fabric.h"

#include <libnvme.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "base/status_macros.h"
#include "nvme/connect_error.h"
#include "nvme/host_conflict.h"
#include "nvme/kernel_names.h"
#include "nvme/sysfs_directory.h"

namespace nvmeof::nvme {

namespace {

using Root = std::unique_ptr<nvme_root, decltype(&nvme_free_tree)>;
using Ctrl = std::unique_ptr<nvme_ctrl, decltype(&nvme_free_ctrl)>;
using File = std::unique_ptr<FILE, decltype(&std::fclose)>;

// libnvme 1.13 appends members under the soname of 1.3 and clears the structure in its own size, so
// it gets room to do so.
struct RoomyConfig {
  nvme_fabrics_config config = {};
  std::array<char, 512> room = {};
};

// What libnvme says while it connects: the only place where it tells the kernel's errno. A file in
// memory and not open_memstream, because newer versions want its descriptor.
class LibnvmeLog {
 public:
  LibnvmeLog() : file_(::fdopen(::memfd_create("libnvme", MFD_CLOEXEC), "w"), &std::fclose) {}

  FILE* file() const { return file_.get(); }

  std::string Text() const {
    std::array<char, 4096> buffer;
    std::fflush(file_.get());
    const ssize_t size = ::pread(::fileno(file_.get()), buffer.data(), buffer.size(), 0);
    return size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  File file_;
};

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

// libnvme takes a zero for "not given".
absl::Status SetSeconds(const std::optional<absl::Duration>& wanted, absl::string_view name,
                        int& option) {
  if (!wanted.has_value()) return absl::OkStatus();
  option = static_cast<int>(absl::ToInt64Seconds(*wanted));
  if (option > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " must be at least one second"));
}

absl::Status Configure(const volume::ConnectOptions& options, nvme_fabrics_config& config) {
  nvmf_default_config(&config);
  // Less than -1 is not passed on, and the kernel's own default holds.
  config.ctrl_loss_tmo = -2;
  if (options.ctrl_loss_tmo.has_value()) {
    config.ctrl_loss_tmo = *options.ctrl_loss_tmo == absl::InfiniteDuration()
                               ? -1
                               : static_cast<int>(absl::ToInt64Seconds(*options.ctrl_loss_tmo));
  }
  RETURN_IF_ERROR(SetSeconds(options.reconnect_delay, "reconnect_delay", config.reconnect_delay));
  RETURN_IF_ERROR(
      SetSeconds(options.fast_io_fail_tmo, "fast_io_fail_tmo", config.fast_io_fail_tmo));
  RETURN_IF_ERROR(SetSeconds(options.keep_alive_tmo, "keep_alive_tmo", config.keep_alive_tmo));
  config.nr_io_queues = options.nr_io_queues.value_or(0);
  config.queue_size = options.queue_size.value_or(0);
  config.hdr_digest = options.hdr_digest;
  config.data_digest = options.data_digest;
  return absl::OkStatus();
}

// How a connect ended, in the kernel's errno; 0 also where libnvme failed after the kernel had
// connected: whoever looks at the topology next sees what there is.
struct Outcome {
  int error = 0;
  bool opened = true;  // false: /dev/nvme-fabrics could not be opened
};

Outcome Interpret(int error, const std::string& log) {
  switch (error) {
    case ENVME_CONNECT_ALREADY:
      return {EALREADY};
    case ENVME_CONNECT_READ:
    case ENVME_CONNECT_PARSE:
    case ENVME_CONNECT_INVAL_TR:
    case ENVME_CONNECT_LOOKUP_SUBSYS_NAME:
    case ENVME_CONNECT_LOOKUP_SUBSYS:
      return {};
    case ENVME_CONNECT_OPEN:
      return {ParseKernelError(log), false};
    case ENVME_CONNECT_WRITE:
      return {ParseKernelError(log)};
    case ENVME_CONNECT_ADDRINUSE:
      return {EADDRINUSE};
    case ENVME_CONNECT_NODEV:
      return {ENODEV};
    case ENVME_CONNECT_OPNOTSUPP:
      return {EOPNOTSUPP};
    case ENVME_CONNECT_CONNREFUSED:
      return {ECONNREFUSED};
    default:
      return {error < ENVME_CONNECT_RESOLVE ? error : EINVAL};
  }
}

// A name is checked before it becomes part of a path.
absl::StatusOr<SysfsDirectory> OpenController(const std::string& sys_root,
                                              const std::string& name) {
  if (!IsControllerName(name)) {
    return absl::InvalidArgumentError(absl::StrCat("no controller name: ", name));
  }
  return SysfsDirectory::Open(absl::StrCat(sys_root, "/class/nvme/", name));
}

// The kernel shows "none" where there is none, and no attribute where it cannot authenticate.
std::optional<volume::DhchapKey> ReadKey(const SysfsDirectory& controllers,
                                         const std::string& attribute) {
  const absl::StatusOr<std::string> text = controllers.Read(attribute);
  if (!text.ok()) return std::nullopt;
  absl::StatusOr<volume::DhchapKey> key = volume::DhchapKey::Parse(attribute, *text);
  if (!key.ok()) return std::nullopt;
  return *std::move(key);
}

std::optional<volume::AuthenticationKeys> KeysInUse(const std::string& sys_root,
                                                    const volume::Nqn& host,
                                                    const volume::Nqn& subsystem) {
  const auto controllers = SysfsDirectory::Open(absl::StrCat(sys_root, "/class/nvme"));
  if (!controllers.ok()) return std::nullopt;
  const absl::StatusOr<std::vector<std::string>> names = controllers->List();
  if (!names.ok()) return std::nullopt;
  const auto is = [&](const std::string& attribute, const std::string& value) {
    const absl::StatusOr<std::string> found = controllers->Read(attribute);
    return found.ok() && *found == value;
  };
  for (const std::string& name : *names) {
    if (!is(absl::StrCat(name, "/subsysnqn"), subsystem.text())) continue;
    if (!is(absl::StrCat(name, "/hostnqn"), host.text())) continue;
    auto key = ReadKey(*controllers, absl::StrCat(name, "/dhchap_secret"));
    if (!key.has_value()) continue;
    return volume::AuthenticationKeys{
        *std::move(key), ReadKey(*controllers, absl::StrCat(name, "/dhchap_ctrl_secret"))};
  }
  return std::nullopt;
}

}  // namespace

LibnvmeFabric::LibnvmeFabric(HostIdentity host, std::string sys_root)
    : host_(std::move(host)), sys_root_(std::move(sys_root)) {}

absl::Status LibnvmeFabric::Connect(const ConnectRequest& request) {
  RoomyConfig roomy;
  RETURN_IF_ERROR(Configure(request.options, roomy.config));
  const LibnvmeLog log;
  if (log.file() == nullptr) return absl::ResourceExhaustedError("no memory file for libnvme");
  // Never at debug level: there libnvme writes the keys of the connection.
  const Root root(nvme_create_root(log.file(), LOG_INFO), &nvme_free_tree);
  if (root == nullptr) return absl::ResourceExhaustedError("libnvme has no memory");
  // The tree owns it.
  nvme_host* host = nvme_lookup_host(root.get(), host_.nqn.text().c_str(), host_.id.c_str());
  const volume::Portal& portal = request.path.portal;
  const Ctrl ctrl(
      nvme_create_ctrl(root.get(), request.subsystem.text().c_str(), portal.transport.c_str(),
                       portal.address.c_str(), OrNull(request.path.host.address),
                       OrNull(request.path.host.interface), OrNull(portal.service)),
      &nvme_free_ctrl);
  if (host == nullptr || ctrl == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("libnvme does not take ", volume::FormatPortal(portal)));
  }
  const auto keys =
      request.keys.has_value() ? request.keys : KeysInUse(sys_root_, host_.nqn, request.subsystem);
  if (keys.has_value()) {
    nvme_ctrl_set_dhchap_host_key(ctrl.get(), keys->host.text().c_str());
    if (keys->controller.has_value()) {
      nvme_ctrl_set_dhchap_key(ctrl.get(), keys->controller->text().c_str());
    }
  }
  if (nvmf_add_ctrl(host, ctrl.get(), &roomy.config) == 0) return absl::OkStatus();
  const int error = errno;
  const Outcome outcome = Interpret(error, log.Text());
  if (!outcome.opened) return OpenError(outcome.error);
  if (outcome.error == 0) return absl::OkStatus();
  return Refusal(outcome.error, request);
}

// The kernel has one word, EINVAL, for much; what can be told apart is.
absl::Status LibnvmeFabric::Refusal(int error, const ConnectRequest& request) const {
  if (error == EALREADY) {
    return absl::AlreadyExistsError(
        absl::StrCat(volume::Describe(request.path), " has a controller already"));
  }
  if (error == EINVAL) {
    const std::string module = absl::StrCat("nvme_", request.path.portal.transport);
    if (!SysfsDirectory::Open(absl::StrCat(sys_root_, "/module/", module)).ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the kernel module ", module, " must be loaded"));
    }
    if (const auto conflict = FindHostConflict(sys_root_, host_); conflict.has_value()) {
      return absl::FailedPreconditionError(absl::StrCat("the kernel refuses to connect ",
                                                        request.subsystem.text(),
                                                        ", most likely because ", *conflict));
    }
  }
  return ConnectError(error, host_, request);
}

absl::Status LibnvmeFabric::Disconnect(const volume::Nqn& subsystem,
                                       const std::string& controller) {
  const absl::StatusOr<SysfsDirectory> directory = OpenController(sys_root_, controller);
  if (absl::IsNotFound(directory.status())) return absl::OkStatus();
  RETURN_IF_ERROR(directory.status());
  // From here on the open folder stands for this very controller: when it goes, reads and writes
  // fail, even if another one takes its name.
  const absl::StatusOr<std::string> nqn = directory->Read("subsysnqn");
  if (absl::IsNotFound(nqn.status())) return absl::OkStatus();
  RETURN_IF_ERROR(nqn.status());
  if (*nqn != subsystem.text()) return absl::OkStatus();
  absl::Status deleted = directory->Write("delete_controller", "1");
  return absl::IsNotFound(deleted) ? absl::OkStatus() : deleted;
}

absl::Status LibnvmeFabric::Rescan(const std::string& controller) {
  ASSIGN_OR_RETURN(const SysfsDirectory directory, OpenController(sys_root_, controller));
  return directory.Write("rescan_controller", "1");
}

absl::Status LibnvmeFabric::SetIoPolicy(const std::string& subsystem_name,
                                        volume::IoPolicy policy) {
  if (!IsSubsystemName(subsystem_name)) {
    return absl::InvalidArgumentError(absl::StrCat("no subsystem name: ", subsystem_name));
  }
  ASSIGN_OR_RETURN(
      const SysfsDirectory directory,
      SysfsDirectory::Open(absl::StrCat(sys_root_, "/class/nvme-subsystem/", subsystem_name)));
  const absl::Status set = directory.Write("iopolicy", volume::Name(policy));
  if (!absl::IsInvalidArgument(set)) return set;
  return absl::UnimplementedError(
      absl::StrCat("this kernel knows no I/O policy ", volume::Name(policy)));
}

}  // namespace nvmeof::nvme
