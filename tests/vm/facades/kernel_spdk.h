// KernelSpdk: an SPDK target for tests whose volumes are files and whose subsystems are those of
// the kernel target, so that what SpdkBackend makes can be attached, written and read back. It
// listens on a socket as nvmf_tgt does.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "backend/backends_config.h"
#include "base/unique_fd.h"
#include "tests/fakes/fake_spdk.h"
#include "tests/vm/facades/kernel_target.h"
#include "tests/vm/lab.h"

namespace nvmeof::testing {

class KernelSpdkEffects final : public SpdkEffects {
 public:
  explicit KernelSpdkEffects(std::string folder) : kernel_(std::move(folder)) {}

  absl::Status LvolIs(const std::string& uuid, const FakeLvol* lvol) override;
  absl::Status SubsystemIs(const std::string& nqn, const FakeSubsystem* wanted) override;
  std::set<std::string> Connected(const std::string& nqn) override;

 private:
  KernelTarget kernel_;
};

// Serves from its making to its destruction.
class KernelSpdk {
 public:
  static constexpr char kName[] = "spdk";

  static absl::StatusOr<std::unique_ptr<KernelSpdk>> Start(const std::string& socket,
                                                           const std::string& folder);
  // In the lab's folder; the lab's next controller has it as its only backend.
  static absl::StatusOr<std::unique_ptr<KernelSpdk>> StartFor(const Lab& lab);
  static backend::SpdkConfig ConfigFor(const Lab& lab);
  ~KernelSpdk();
  KernelSpdk(const KernelSpdk&) = delete;
  KernelSpdk& operator=(const KernelSpdk&) = delete;

  FakeSpdk& target() { return target_; }

 private:
  KernelSpdk(base::UniqueFd listening, const std::string& folder);
  void Serve();
  void Answer(int fd);

  KernelSpdkEffects effects_;
  FakeSpdk target_;
  const base::UniqueFd listening_;
  std::thread thread_;
};

}  // namespace nvmeof::testing
