// KernelRouteros: a MikroTik router for tests whose files are files and whose exports are
// subsystems of the kernel target, so that what RouterosBackend makes can be attached, written and
// read back. Its REST interface is HTTPS on this machine's loopback, with a user and a certificate
// of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "backend/backends_config.h"
#include "tests/fakes/fake_routeros.h"
#include "tests/fakes/http_double.h"
#include "tests/fakes/test_certificate.h"
#include "tests/vm/facades/kernel_target.h"
#include "tests/vm/lab.h"

namespace nvmeof::testing {

class KernelRouterosEffects final : public RouterosEffects {
 public:
  explicit KernelRouterosEffects(std::string folder) : kernel_(std::move(folder)) {}

  absl::Status FileIs(const std::string& path, const std::int64_t* bytes) override;
  // FailedPrecondition for an export that lets every host in.
  absl::Status ExportIs(const std::string& nqn, const FakeRouterosExport* shown) override;

 private:
  KernelTarget kernel_;
};

// Serves from its making to its destruction, one request at a time.
class KernelRouteros {
 public:
  static constexpr char kName[] = "routeros";

  // In the lab's folder; the lab's next controller has it as its only backend.
  static absl::StatusOr<std::unique_ptr<KernelRouteros>> StartFor(const Lab& lab);

  FakeRouteros& router() { return router_; }
  const backend::RouterosConfig& config() const { return config_; }

 private:
  explicit KernelRouteros(const Lab& lab);
  std::string Answer(const std::string& request);

  KernelRouterosEffects effects_;
  FakeRouteros router_;
  const std::unique_ptr<backend::HttpTransport> rest_;
  const TestCertificate certificate_;
  HttpDouble https_;
  const backend::RouterosConfig config_;
};

}  // namespace nvmeof::testing
