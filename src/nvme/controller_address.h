// The text of a controller's sysfs attribute `address`. Pure.
#pragma once

#include "absl/strings/string_view.h"

#include "volume/path.h"

namespace nvmeof::nvme {

// "traddr=192.0.2.1,trsvcid=4420,host_traddr=192.0.2.9,host_iface=eth1,src_addr=192.0.2.9" as a
// path. Parsed by keys, because optional ones come and go: src_addr, for one, is where the kernel
// happens to send from and no part of the path. IP addresses and Fibre Channel ports are brought to
// their canonical form; the kernel keeps them as they were written.
[[nodiscard]] volume::Path ParseControllerAddress(absl::string_view transport,
                                                  absl::string_view address);

}  // namespace nvmeof::nvme
