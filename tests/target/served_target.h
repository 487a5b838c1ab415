// ServedTarget: an agent over a pool and a kernel in memory, behind its real protocol on a unix
// socket.
#pragma once

#include <memory>
#include <string>

#include "grpc/grpc.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

#include "base/clock.h"
#include "base/workers.h"
#include "target/target_service.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/target/target_world.h"

namespace nvmeof::testing {

class ServedTarget {
 public:
  // `data`: where the volumes lie, instead of the world's own; it outlives this. Borrows the clock.
  explicit ServedTarget(base::Clock& clock, target::Pool* data = nullptr)
      : world_(data), workers_(clock, 8), fences_(clock, 8), clock_(clock) {
    // gRPC stays up until the process ends: to take it down it may wait ten seconds for its poller.
    grpc_init();
    world_.exporter->Restore();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~ServedTarget() {
    Stop();
    workers_.Finish();  // steps that outlived their calls use the service
    fences_.Finish();
  }
  ServedTarget(const ServedTarget&) = delete;
  ServedTarget& operator=(const ServedTarget&) = delete;

  std::string address() const { return "unix://" + directory_.File("agent.sock"); }

  // From now on nobody answers there.
  void Stop() { server_->Shutdown(); }

 private:
  const TemporaryDirectory directory_;
  TargetWorld world_;
  base::Workers workers_;
  base::Workers fences_;
  base::Clock& clock_;
  target::TargetService service_{
      {*world_.provisioner, *world_.exporter, *world_.store, workers_, fences_, clock_, "1"}};
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace nvmeof::testing
