#include "nvme/connect_error.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "base/errno_status.h"
#include "volume/path.h"

namespace nvmeof::nvme {

namespace {

constexpr absl::string_view kLogLines[] = {"Failed to write to /dev/nvme-fabrics: ",
                                           "Failed to open /dev/nvme-fabrics: "};
constexpr int kLargestErrno = 133;

// The inverse of strerror in the C locale, which is the program's.
int FindErrno(absl::string_view text) {
  int number = 0;
  if (absl::ConsumePrefix(&text, "Unknown error ") && absl::SimpleAtoi(text, &number)) {
    return number;
  }
  for (int error = 1; error <= kLargestErrno; ++error) {
    const char* description = ::strerrordesc_np(error);
    if (description != nullptr && text == description) return error;
  }
  return EIO;
}

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case EINVAL:
    case EOPNOTSUPP:
      return absl::StatusCode::kInvalidArgument;
    case EPERM:
    case ENOKEY:
    case EKEYREJECTED:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

// What the errno alone does not tell.
std::string HintFor(int error, const HostIdentity& host, const ConnectRequest& request) {
  switch (error) {
    case EIO:
      return absl::StrCat("the target knows no subsystem ", request.subsystem.text(),
                          ", or does not allow host ", host.nqn.text(),
                          ", or broke off; its log tells which");
    case EINVAL:
      return "an option that this kernel does not take, or the target gave a controller id that "
             "this host still uses; the kernel log tells which";
    case ENOKEY:
      return "the target wants this host to authenticate (DH-HMAC-CHAP): give the key as "
             "dhchapSecret in the volume's node-stage secret";
    case EKEYREJECTED:
      return "host or target did not prove who it is: the keys of the volume's node-stage secret "
             "are not those that the target has for this host";
    default:
      return PathHint(error, request.path);
  }
}

std::string RdmaHint(int error, const volume::Path& path) {
  switch (error) {
    case ENODEV:
      return "this node has no RDMA device for it";
    case EADDRNOTAVAIL:
      return absl::StrCat("this node has no address '", path.host.address, "'");
    case ECONNRESET:
      return "no RDMA target listens there, or none could be reached";
    default:
      return "";
  }
}

std::string FibreChannelHint(int error, const volume::Path& path) {
  switch (error) {
    case ENOENT:
      return absl::StrCat("this node has no Fibre Channel port ", path.host.address,
                          ", or that port does not see the target's");
    case EBADR:
      return "the remote port is no NVMe target";
    default:
      return "";
  }
}

}  // namespace

int ParseKernelError(absl::string_view log) {
  for (const absl::string_view line : kLogLines) {
    const std::size_t at = log.rfind(line);
    if (at == absl::string_view::npos) continue;
    const absl::string_view rest = log.substr(at + line.size());
    return FindErrno(rest.substr(0, rest.find('\n')));
  }
  return EIO;
}

std::string PathHint(int error, const volume::Path& path) {
  if (path.portal.transport == volume::kRdma) return RdmaHint(error, path);
  if (path.portal.transport == volume::kFibreChannel) return FibreChannelHint(error, path);
  switch (error) {
    case EAGAIN:
      return "something accepts connections there but does not speak NVMe/TCP";
    case ETIMEDOUT:
      return "packets to the portal are lost";
    case ENODEV:
      return absl::StrCat("this node has no network interface '", path.host.interface, "'");
    case EADDRNOTAVAIL:
      if (path.host.address.empty()) return "this node has no address, or no port left, for it";
      return absl::StrCat("this node has no address '", path.host.address, "'");
    default:
      return "";
  }
}

absl::Status OpenError(int error) {
  const absl::Status cause = base::ErrnoStatus(error, "open /dev/nvme-fabrics");
  if (absl::IsPermissionDenied(cause)) return cause;
  return absl::FailedPreconditionError(absl::StrCat(
      cause.message(),
      ": the kernel modules nvme-fabrics and nvme-tcp, or that of another transport, must "
      "be loaded"));
}

absl::Status ConnectError(int error, const HostIdentity& host, const ConnectRequest& request) {
  const absl::Status cause = base::ErrnoStatus(
      error, absl::StrCat("connect ", request.subsystem.text(), " at ", Describe(request.path)));
  const std::string hint = HintFor(error, host, request);
  return absl::Status(CodeOf(error), absl::StrCat(cause.message(), hint.empty() ? "" : ": ", hint));
}

}  // namespace nvmeof::nvme
