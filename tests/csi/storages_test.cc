// One controller with every kind of storage there is, of which one dies: whose calls fail, and
// whose do not notice.

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/ceph/ceph_backend.h"
#include "backend/nvmet/nvmet_backend.h"
#include "backend/routeros/routeros_backend.h"
#include "backend/spdk/spdk_backend.h"
#include "base/clock.h"
#include "csi/controller_service.h"
#include "tests/csi/controller_world.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/fakes/fake_routeros.h"
#include "tests/fakes/fake_spdk.h"
#include "tests/target/served_target.h"

namespace nvmeof::testing {
namespace {

using ::testing::Contains;
using ::testing::Not;
using Code = grpc::StatusCode;

// A line to a storage system that may be cut.
class RpcLine final : public backend::RpcTransport {
 public:
  RpcLine(std::unique_ptr<backend::RpcTransport> inner, const std::atomic<bool>& cut)
      : inner_(std::move(inner)), cut_(cut) {}
  absl::StatusOr<std::string> Exchange(absl::string_view request, absl::Time deadline) override {
    if (cut_) return absl::UnavailableError("connection refused");
    return inner_->Exchange(request, deadline);
  }
  std::string Describe() const override { return inner_->Describe(); }

 private:
  const std::unique_ptr<backend::RpcTransport> inner_;
  const std::atomic<bool>& cut_;
};

class HttpLine final : public backend::HttpTransport {
 public:
  HttpLine(std::unique_ptr<backend::HttpTransport> inner, const std::atomic<bool>& cut)
      : inner_(std::move(inner)), cut_(cut) {}
  absl::StatusOr<backend::HttpAnswer> Exchange(const backend::HttpRequest& request,
                                               absl::Time deadline) override {
    if (cut_) return absl::UnavailableError("connection refused");
    return inner_->Exchange(request, deadline);
  }
  std::string Describe() const override { return inner_->Describe(); }

 private:
  const std::unique_ptr<backend::HttpTransport> inner_;
  const std::atomic<bool>& cut_;
};

constexpr std::array kKinds = {"nvmet", "spdk", "ceph", "routeros"};

class StoragesTest : public ::testing::TestWithParam<const char*> {
 protected:
  using Stub = ::csi::v1::Controller::Stub;

  StoragesTest() { router_.SetDelay(0); }

  template <typename Request, typename Response>
  Code Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
            const Request& request, Response& response) {
    grpc::ClientContext context;
    const grpc::Status status = (*stub_.*method)(&context, request, &response);
    EXPECT_TRUE(status.ok() || status.error_code() == Code::UNAVAILABLE)
        << status.error_code() << " " << status.error_message();
    return status.error_code();
  }

  Code Create(const std::string& kind, const std::string& name, std::string* id = nullptr) {
    ::csi::v1::CreateVolumeRequest request = CreateRequest(name);
    (*request.mutable_parameters())["backend"] = kind;
    ::csi::v1::CreateVolumeResponse response;
    const Code code = Call(&Stub::CreateVolume, request, response);
    if (id != nullptr) *id = response.volume().volume_id();
    return code;
  }

  Code Publish(const ::csi::v1::ControllerPublishVolumeRequest& request) {
    ::csi::v1::ControllerPublishVolumeResponse response;
    return Call(&Stub::ControllerPublishVolume, request, response);
  }

  // What each call answers for a volume.
  std::vector<Code> Life(const std::string& id) {
    ::csi::v1::ControllerGetVolumeRequest get;
    get.set_volume_id(id);
    ::csi::v1::ControllerGetVolumeResponse got;
    ::csi::v1::ControllerExpandVolumeRequest expand;
    expand.set_volume_id(id);
    expand.mutable_capacity_range()->set_required_bytes(2 * kGiB);
    ::csi::v1::ControllerExpandVolumeResponse expanded;
    ::csi::v1::ControllerUnpublishVolumeRequest unpublish;
    unpublish.set_volume_id(id);
    unpublish.set_node_id(kHostA);
    ::csi::v1::ControllerUnpublishVolumeResponse unpublished;
    ::csi::v1::DeleteVolumeRequest remove;
    remove.set_volume_id(id);
    ::csi::v1::DeleteVolumeResponse removed;
    return {Call(&Stub::ControllerGetVolume, get, got), Publish(PublishRequest(id, kHostA)),
            Call(&Stub::ControllerExpandVolume, expand, expanded),
            Call(&Stub::ControllerUnpublishVolume, unpublish, unpublished),
            Call(&Stub::DeleteVolume, remove, removed)};
  }

  std::vector<std::string> List() {
    ::csi::v1::ListVolumesResponse list;
    EXPECT_EQ(Call(&Stub::ListVolumes, ::csi::v1::ListVolumesRequest(), list), Code::OK);
    std::vector<std::string> ids;
    for (const auto& entry : list.entries()) ids.push_back(entry.volume().volume_id());
    return ids;
  }

  void Kill(const std::string& kind) {
    if (kind == "nvmet") agent_.Stop();
    if (kind == "spdk") spdk_cut_ = true;
    if (kind == "routeros") router_cut_ = true;
    if (kind != "ceph") return;
    for (std::size_t gateway = 0; gateway < ceph_.config().gateways.size(); ++gateway) {
      ceph_.Stop(gateway);
    }
  }

  backend::Backends MakeBackends() {
    const std::vector<volume::Portal> portals = {{"tcp", "192.0.2.1", "4420"}};
    std::vector<backend::NamedBackend> named;
    named.push_back(
        {"nvmet", std::make_unique<backend::NvmetBackend>(
                      "nvmet", backend::NvmetConfig{{{"agent-a", agent_.address()}}}, clock_)});
    named.push_back(
        {"spdk",
         std::make_unique<backend::SpdkBackend>(
             "spdk",
             backend::SpdkConfig{.socket = "/unused", .lvol_store = "store", .portals = portals},
             std::make_unique<RpcLine>(spdk_.Connect(), spdk_cut_), clock_)});
    named.push_back(
        {"ceph", std::make_unique<backend::CephBackend>("ceph", ceph_.config(), clock_)});
    named.push_back(
        {"routeros",
         std::make_unique<backend::RouterosBackend>(
             "routeros", backend::RouterosConfig{.router = {}, .disk = "raid1", .portals = portals},
             std::make_unique<HttpLine>(router_.Connect(), router_cut_), clock_)});
    return backend::Backends(std::move(named));
  }

  base::MonotonicClock clock_;
  ServedTarget agent_{clock_};
  FakeSpdk spdk_;
  std::atomic<bool> spdk_cut_ = false;
  TemporaryDirectory gateways_;
  FakeCeph ceph_{gateways_.path(), FakeCeph::TwoGateways()};
  FakeRouteros router_;
  std::atomic<bool> router_cut_ = false;
  const backend::Backends backends_ = MakeBackends();

  CapturedLog log_;
  base::Workers workers_{clock_, 16};
  csi::RpcEdge edge_{clock_, workers_, {.log = log_.sink()}};
  csi::ControllerService service_{edge_, backends_};
  Serving serving_{service_};
  std::unique_ptr<Stub> stub_ = ::csi::v1::Controller::NewStub(serving_.channel());
};

TEST_P(StoragesTest, OneThatDiesTakesItsOwnVolumesOnly) {
  const std::string dead = GetParam();
  std::vector<std::pair<std::string, std::string>> volumes;
  for (const std::string kind : kKinds) {
    volumes.emplace_back(kind, "");
    ASSERT_EQ(Create(kind, "pvc-" + kind, &volumes.back().second), Code::OK);
  }
  Kill(dead);

  const std::vector<std::string> listed = List();
  for (const auto& [kind, id] : volumes) {
    SCOPED_TRACE(kind);
    const Code expected = kind == dead ? Code::UNAVAILABLE : Code::OK;
    EXPECT_EQ(Create(kind, "pvc-new-" + kind), expected);
    if (kind == dead) {
      EXPECT_THAT(listed, Not(Contains(id)));
    } else {
      EXPECT_THAT(listed, Contains(id));
    }
    EXPECT_THAT(Life(id), ::testing::Each(expected));
  }
  EXPECT_THAT(log_.lines(), Contains(::testing::HasSubstr("unreachable=" + dead)));

  // Of an array that belongs to no backend.
  ::csi::v1::ControllerPublishVolumeRequest by_hand = PublishRequest("array-1", kHostA);
  auto& context = *by_hand.mutable_volume_context();
  context["nqn"] = "nqn.2010-06.com.example:array-1";
  context["nsid"] = "1";
  context["portals"] = "192.0.2.10";
  EXPECT_EQ(Publish(by_hand), Code::OK);
}

INSTANTIATE_TEST_SUITE_P(Each, StoragesTest, ::testing::ValuesIn(kKinds),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace nvmeof::testing
