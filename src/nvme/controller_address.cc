#include "nvme/controller_address.h"

#include <arpa/inet.h>

#include <string>
#include <utility>

#include "absl/strings/str_split.h"

namespace nvmeof::nvme {

namespace {

// Text that is no address (a scope behind an IPv6 one) stays as it is.
std::string Canonical(absl::string_view address) {
  std::string text(address);
  if (volume::IsFibreChannel(address)) {
    return volume::CanonicalFibreChannel(address).value_or(text);
  }
  unsigned char bytes[sizeof(in6_addr)];
  char canonical[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, text.c_str(), bytes) == 1 &&
        ::inet_ntop(family, bytes, canonical, sizeof(canonical)) != nullptr) {
      return canonical;
    }
  }
  return text;
}

}  // namespace

volume::Path ParseControllerAddress(absl::string_view transport, absl::string_view address) {
  volume::Path path;
  path.portal.transport = std::string(transport);
  path.portal.service.clear();
  for (const absl::string_view field : absl::StrSplit(address, ',')) {
    const std::pair<absl::string_view, absl::string_view> option =
        absl::StrSplit(field, absl::MaxSplits('=', 1));
    if (option.first == "traddr") path.portal.address = Canonical(option.second);
    if (option.first == "trsvcid") path.portal.service = std::string(option.second);
    if (option.first == "host_traddr") path.host.address = Canonical(option.second);
    if (option.first == "host_iface") path.host.interface = std::string(option.second);
  }
  // There are none, whatever the kernel was told.
  if (transport == volume::kFibreChannel) path.portal.service.clear();
  return path;
}

}  // namespace nvmeof::nvme
