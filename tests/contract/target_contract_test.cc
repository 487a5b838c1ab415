// NvmetBackend and the target agent, joined by the real protocol over a kernel and a pool in
// memory, one of bytes and one of LVM, pass the suite that every Backend passes.

#include "grpc/grpc.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

#include "backend/nvmet/nvmet_backend.h"
#include "base/clock.h"
#include "base/workers.h"
#include "target/lvm_pool.h"
#include "target/target_service.h"
#include "tests/contract/backend_contract.h"
#include "tests/fakes/fake_lvm.h"
#include "tests/target/target_world.h"

namespace nvmeof::testing {
namespace {

// A storage node with a thin pool.
struct LvmMachine {
  base::MonotonicClock clock;
  FakeLvm lvm{std::int64_t{100} << 30};
  std::unique_ptr<target::LvmPool> pool =
      *target::LvmPool::Open({.volume_group = "vg", .name = "thin"}, lvm, clock);
};

class TargetSubject final : public ContractSubject {
 public:
  explicit TargetSubject(std::unique_ptr<LvmMachine> lvm = nullptr)
      : lvm_(std::move(lvm)), world_(lvm_ == nullptr ? nullptr : lvm_->pool.get()) {
    // gRPC stays up until the process ends: to take it down it may wait ten seconds for its poller.
    grpc_init();
    world_.exporter->Restore();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~TargetSubject() override {
    server_->Shutdown();
    workers_.Finish();  // steps that outlived their calls use the service
  }

  backend::Backend& backend() override { return backend_; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(30); }

 private:
  base::MonotonicClock clock_;
  const std::unique_ptr<LvmMachine> lvm_;
  TargetWorld world_;
  base::Workers workers_{clock_, 8};
  target::TargetService service_{
      {*world_.provisioner, *world_.exporter, *world_.store, workers_, clock_, "1"}};
  TemporaryDirectory directory_;
  const std::string address_ = "unix://" + directory_.File("agent.sock");
  std::unique_ptr<grpc::Server> server_;
  backend::NvmetBackend backend_{"fast", {{{"agent-a", address_}}}, clock_};
};

INSTANTIATE_TEST_SUITE_P(
    Target, BackendContract,
    ::testing::Values(ContractCase{"Target", [] { return std::make_unique<TargetSubject>(); }},
                      ContractCase{"Lvm", [] {
                                     return std::make_unique<TargetSubject>(
                                         std::make_unique<LvmMachine>());
                                   }}));

}  // namespace
}  // namespace nvmeof::testing
