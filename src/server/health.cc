#include "server/health.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace nvmeof::server {
namespace {

HttpPage PageOf(HealthCheck check) {
  return [check = std::move(check)] {
    const absl::Status status = check();
    if (status.ok()) return HttpAnswer{200, "ok\n"};
    const std::string why(status.message());
    return HttpAnswer{503,
                      absl::StrCat(absl::StrReplaceAll(why, {{"\n", " "}, {"\r", " "}}), "\n")};
  };
}

}  // namespace

std::map<std::string, HttpPage> HealthPages(HealthCheck live, HealthCheck ready) {
  return {{"/healthz", PageOf(std::move(live))}, {"/readyz", PageOf(std::move(ready))}};
}

}  // namespace nvmeof::server
