// SpdkBackend over SPDK's RPCs in memory, of each version, passes the suite that every Backend
// passes; so it does over the RPC socket of a real target, which NVMF_TGT_SOCKET may name: `ctest
// --preset dev -L nvmf_tgt`.
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "backend/make_backends.h"
#include "backend/spdk/spdk_backend.h"
#include "base/clock.h"
#include "tests/contract/backend_contract.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_spdk.h"

namespace nvmeof::testing {
namespace {

class SpdkSubject final : public ContractSubject {
 public:
  explicit SpdkSubject(SpdkVersion version) { spdk_.RestartAs(version); }

  backend::Backend& backend() override { return backend_; }
  backend::Backend& other_controller() override { return other_; }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }

 private:
  FakeClock clock_;
  FakeSpdk spdk_;
  const backend::SpdkConfig config_ = {
      .socket = "/unused",
      .lvol_store = "store",
      .portals = {{"tcp", "192.0.2.1", "4420"}, {"tcp", "2001:db8::1", "4420"}}};
  backend::SpdkBackend backend_{"user-space", config_, spdk_.Connect(), clock_};
  backend::SpdkBackend other_{"user-space", config_, spdk_.Connect(), clock_};
};

std::vector<ContractCase> Versions() {
  std::vector<ContractCase> cases;
  for (const SpdkVersion version : kSpdkVersions) {
    cases.push_back({absl::StrCat("Spdk", FormatSpdkVersion(version)),
                     [version] { return std::make_unique<SpdkSubject>(version); }});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Spdk, BackendContract, ::testing::ValuesIn(Versions()));

std::string Given(const char* variable, const char* otherwise = "") {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread changes the environment
  const char* const value = std::getenv(variable);
  return value != nullptr ? value : otherwise;
}

// A target with the TCP transport and a logical volume store with room for sixteen volumes.
class RealSpdkSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return *backends_.all().front().backend; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(60); }

 private:
  base::MonotonicClock clock_;
  backend::Backends backends_ = backend::MakeBackends(
      {{{"real", backend::SpdkConfig{.socket = Given("NVMF_TGT_SOCKET"),
                                     .lvol_store = Given("NVMF_TGT_LVOL_STORE", "lvs0"),
                                     .portals = {{"tcp", Given("NVMF_TGT_ADDRESS", "127.0.0.1"),
                                                  "4420"}}}}}},
      /*callers=*/48, clock_);
};

std::vector<ContractCase> RealTargets() {
  if (Given("NVMF_TGT_SOCKET").empty()) return {};
  return {{"RealSpdk", [] { return std::make_unique<RealSpdkSubject>(); }}};
}

INSTANTIATE_TEST_SUITE_P(RealSpdk, BackendContract, ::testing::ValuesIn(RealTargets()));

}  // namespace
}  // namespace nvmeof::testing
