// Serving: services behind a real unix socket in a folder of its own, as the sidecars see them.
#pragma once

#include <initializer_list>
#include <memory>

#include "grpcpp/grpcpp.h"

#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {

class Serving {
 public:
  // Borrows the services.
  Serving(std::initializer_list<grpc::Service*> services) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
    for (grpc::Service* service : services) builder.RegisterService(service);
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
