// ControllerWorld: the controller behind a socket, over two backends in memory, as one fixture with
// a small language.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "base/units.h"
#include "csi/controller_service.h"
#include "tests/csi/captured_log.h"
#include "tests/csi/gated_backend.h"
#include "tests/csi/serving.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_backend.h"

namespace nvmeof::testing {

using base::kGiB;
using base::kMiB;

using AccessMode = ::csi::v1::VolumeCapability::AccessMode;

inline constexpr char kHostA[] =
    "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-00000000000a";
inline constexpr char kHostB[] =
    "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-00000000000b";

inline ::csi::v1::VolumeCapability Block(AccessMode::Mode mode) {
  ::csi::v1::VolumeCapability capability;
  capability.mutable_block();
  capability.mutable_access_mode()->set_mode(mode);
  return capability;
}

inline ::csi::v1::VolumeCapability FileSystem(const std::string& type) {
  ::csi::v1::VolumeCapability capability;
  capability.mutable_mount()->set_fs_type(type);
  capability.mutable_access_mode()->set_mode(AccessMode::SINGLE_NODE_WRITER);
  return capability;
}

inline ::csi::v1::CreateVolumeRequest CreateRequest(const std::string& name) {
  ::csi::v1::CreateVolumeRequest request;
  request.set_name(name);
  *request.add_volume_capabilities() = Block(AccessMode::SINGLE_NODE_WRITER);
  request.mutable_capacity_range()->set_required_bytes(kGiB);
  return request;
}

inline ::csi::v1::ControllerPublishVolumeRequest PublishRequest(const std::string& id,
                                                                const std::string& node) {
  ::csi::v1::ControllerPublishVolumeRequest request;
  request.set_volume_id(id);
  request.set_node_id(node);
  *request.mutable_volume_capability() = Block(AccessMode::SINGLE_NODE_WRITER);
  return request;
}

// The backends are "fast", the default, "slow" and "plain", which can do no more than it must.
class ControllerWorld : public ::testing::Test {
 protected:
  using Stub = ::csi::v1::Controller::Stub;

  template <typename Request, typename Response>
  Response Send(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request, grpc::StatusCode expected = grpc::StatusCode::OK) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (*stub_.*method)(&context, request, &response);
    EXPECT_EQ(status.error_code(), expected) << status.error_message();
    message_ = status.error_message();
    return response;
  }

  ::csi::v1::Volume Create(const ::csi::v1::CreateVolumeRequest& request,
                           grpc::StatusCode expected = grpc::StatusCode::OK) {
    return Send(&Stub::CreateVolume, request, expected).volume();
  }
  std::string Created(const std::string& name) { return Create(CreateRequest(name)).volume_id(); }

  void Delete(const std::string& id, grpc::StatusCode expected = grpc::StatusCode::OK) {
    ::csi::v1::DeleteVolumeRequest request;
    request.set_volume_id(id);
    Send(&Stub::DeleteVolume, request, expected);
  }

  std::map<std::string, std::string> Publish(
      const ::csi::v1::ControllerPublishVolumeRequest& request,
      grpc::StatusCode expected = grpc::StatusCode::OK) {
    const auto context = Send(&Stub::ControllerPublishVolume, request, expected).publish_context();
    return {context.begin(), context.end()};
  }

  void Unpublish(const std::string& id, const std::string& node,
                 grpc::StatusCode expected = grpc::StatusCode::OK) {
    ::csi::v1::ControllerUnpublishVolumeRequest request;
    request.set_volume_id(id);
    request.set_node_id(node);
    Send(&Stub::ControllerUnpublishVolume, request, expected);
  }

  ::csi::v1::ControllerGetVolumeResponse Get(const std::string& id,
                                             grpc::StatusCode expected = grpc::StatusCode::OK) {
    ::csi::v1::ControllerGetVolumeRequest request;
    request.set_volume_id(id);
    return Send(&Stub::ControllerGetVolume, request, expected);
  }

  std::vector<std::string> NodesOf(const std::string& id) {
    const auto reply = Get(id);
    const auto& nodes = reply.status().published_node_ids();
    return {nodes.begin(), nodes.end()};
  }

  ::csi::v1::ListVolumesResponse List(int max_entries = 0, const std::string& token = "",
                                      grpc::StatusCode expected = grpc::StatusCode::OK) {
    ::csi::v1::ListVolumesRequest request;
    request.set_max_entries(max_entries);
    request.set_starting_token(token);
    return Send(&Stub::ListVolumes, request, expected);
  }

  ::csi::v1::ControllerExpandVolumeResponse Expand(
      const std::string& id, std::int64_t required,
      grpc::StatusCode expected = grpc::StatusCode::OK) {
    ::csi::v1::ControllerExpandVolumeRequest request;
    request.set_volume_id(id);
    request.mutable_capacity_range()->set_required_bytes(required);
    return Send(&Stub::ControllerExpandVolume, request, expected);
  }

  std::unique_ptr<MemoryBackend> Memory(const std::string& name) {
    return std::make_unique<MemoryBackend>(
        MemoryBackendOptions{.name = name, .abilities = {.keys = true}});
  }

  static std::unique_ptr<MemoryBackend> Plain() {
    return std::make_unique<MemoryBackend>(MemoryBackendOptions{
        .name = "plain",
        .abilities = {.capacity = false, .several_hosts = false, .namespace_ids = false}});
  }

  // Remembers what the test will reach into.
  backend::Backends MakeBackends() {
    auto memory = Memory("fast");
    fast_ = memory.get();
    auto fast = std::make_unique<GatedBackend>(std::move(memory), clock_);
    gate_ = fast.get();
    std::vector<backend::NamedBackend> named;
    named.push_back({"fast", std::move(fast)});
    named.push_back({"slow", std::make_unique<GatedBackend>(Memory("slow"), clock_)});
    named.push_back({"plain", Plain()});
    return backend::Backends(std::move(named));
  }

  FakeClock clock_;
  MemoryBackend* fast_ = nullptr;
  GatedBackend* gate_ = nullptr;  // in front of it
  const backend::Backends backends_ = MakeBackends();

  CapturedLog log_;
  base::Workers workers_{clock_, 16};
  csi::RpcEdge edge_{clock_, workers_, {.log = log_.sink()}};
  csi::ControllerService service_{edge_, backends_};
  Serving serving_{service_};
  std::unique_ptr<Stub> stub_ = ::csi::v1::Controller::NewStub(serving_.channel());
  std::string message_;  // of the last error
};

}  // namespace nvmeof::testing
