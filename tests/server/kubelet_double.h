// KubeletDouble: does with a registration socket what the kubelet does when it sees one: asks who
// is there, asks that driver for its node, and says how it went. Each look dials anew.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "csi/v1/csi.grpc.pb.h"
#include "pluginregistration/v1/registration.grpc.pb.h"

namespace nvmeof::testing {

class KubeletDouble {
 public:
  explicit KubeletDouble(const std::string& registration_socket) : socket_(registration_socket) {}

  // What GetInfo answers, once there is a socket.
  ::pluginregistration::PluginInfo Ask() const {
    ::pluginregistration::PluginInfo info;
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    const grpc::Status status = Registration(socket_)->GetInfo(&context, {}, &info);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return info;
  }

  // The node id that the driver behind the endpoint answers; empty when nobody does.
  static std::string AskNode(const ::pluginregistration::PluginInfo& info) {
    ::csi::v1::NodeGetInfoResponse response;
    grpc::ClientContext context;
    if (!::csi::v1::Node::NewStub(Dial(info.endpoint()))
             ->NodeGetInfo(&context, {}, &response)
             .ok()) {
      return "";
    }
    return response.node_id();
  }

  void Say(bool registered, const std::string& error) const {
    ::pluginregistration::RegistrationStatus said;
    said.set_plugin_registered(registered);
    said.set_error(error);
    ::pluginregistration::RegistrationStatusResponse response;
    grpc::ClientContext context;
    const grpc::Status status =
        Registration(socket_)->NotifyRegistrationStatus(&context, said, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  // All of it; the node id.
  std::string Register() const {
    const std::string node = AskNode(Ask());
    Say(!node.empty(), node.empty() ? "NodeGetInfo failed" : "");
    return node;
  }

 private:
  static std::shared_ptr<grpc::Channel> Dial(const std::string& path) {
    // A channel of its own each time: gRPC would otherwise use an old connection again.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 1);
    return grpc::CreateCustomChannel(absl::StrCat("unix:", path),
                                     grpc::InsecureChannelCredentials(), arguments);
  }
  static std::unique_ptr<::pluginregistration::Registration::Stub> Registration(
      const std::string& path) {
    return ::pluginregistration::Registration::NewStub(Dial(path));
  }

  const std::string socket_;
};

}  // namespace nvmeof::testing
