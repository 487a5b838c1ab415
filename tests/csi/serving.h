// Serving: a service behind a real unix socket in a folder of its own, as the sidecars see it.
#pragma once

#include <memory>

#include "grpcpp/grpcpp.h"

#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {

class Serving {
 public:
  // Borrows the service.
  explicit Serving(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  const TemporaryDirectory folder_;
  const std::string address_ = "unix://" + folder_.File("csi.sock");
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace nvmeof::testing
