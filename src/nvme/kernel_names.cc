#include "nvme/kernel_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace nvmeof::nvme {

namespace {

// Takes a decimal number off the front; the kernel's are ints.
bool ConsumeNumber(absl::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
    ++digits;
  }
  text.remove_prefix(digits);
  return digits > 0 && digits <= 10;
}

}  // namespace

bool IsControllerName(absl::string_view name) {
  return absl::ConsumePrefix(&name, "nvme") && ConsumeNumber(name) && name.empty();
}

bool IsSubsystemName(absl::string_view name) {
  return absl::ConsumePrefix(&name, "nvme-subsys") && ConsumeNumber(name) && name.empty();
}

bool IsDiskName(absl::string_view name) {
  return absl::ConsumePrefix(&name, "nvme") && ConsumeNumber(name) &&
         absl::ConsumePrefix(&name, "n") && ConsumeNumber(name) && name.empty();
}

bool IsPathDiskName(absl::string_view name) {
  return absl::ConsumePrefix(&name, "nvme") && ConsumeNumber(name) &&
         absl::ConsumePrefix(&name, "c") && ConsumeNumber(name) &&
         absl::ConsumePrefix(&name, "n") && ConsumeNumber(name) && name.empty();
}

}  // namespace nvmeof::nvme
