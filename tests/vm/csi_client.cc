#include "tests/vm/csi_client.h"

#include "absl/strings/str_cat.h"

namespace nvmeof::testing {

CsiClient::CsiClient(const std::string& socket) {
  grpc::ChannelArguments arguments;
  // A suite kills servers; it does not want to wait for the backoff of many failures.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  // This one is how long an attempt may take; under emulation that is long.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  const auto channel = grpc::CreateCustomChannel(absl::StrCat("unix:", socket),
                                                 grpc::InsecureChannelCredentials(), arguments);
  identity_ = csi::v1::Identity::NewStub(channel);
  controller_ = csi::v1::Controller::NewStub(channel);
  node_ = csi::v1::Node::NewStub(channel);
}

}  // namespace nvmeof::testing
