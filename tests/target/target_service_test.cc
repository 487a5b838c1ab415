#include "target/target_service.h"

#include <memory>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "base/workers.h"
#include "tests/matchers/status_matchers.h"
#include "tests/target/target_world.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::HostNqn;
using ::nvmeof::testing::kGiB;
using ::nvmeof::testing::TargetWorld;
using ::testing::HasSubstr;

constexpr char kLost[] = "33333333000040008000000000000003";

// The agent behind a channel inside the process.
class TargetServiceTest : public ::testing::Test {
 protected:
  TargetServiceTest() {
    world_.exporter->Restore();
    server_ = grpc::ServerBuilder().RegisterService(&service_).BuildAndStart();
    stub_ = v1::TargetAgent::NewStub(server_->InProcessChannel({}));
  }
  ~TargetServiceTest() override {
    server_->Shutdown();
    workers_.Finish();  // steps that outlived their calls use the service
    fences_.Finish();
  }

  template <typename Request, typename Response>
  grpc::StatusCode Call(grpc::Status (v1::TargetAgent::Stub::*method)(grpc::ClientContext*,
                                                                      const Request&, Response*),
                        const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience_);
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    message_ = status.error_message();
    details_ = status.error_details();
    return status.error_code();
  }

  grpc::StatusCode Create(const std::string& name, std::int64_t bytes = kGiB) {
    v1::CreateVolumeRequest request;
    request.set_name(name);
    request.set_required_bytes(bytes);
    request.set_fingerprint("asked");
    (*request.mutable_context())["ioPolicy"] = "numa";
    v1::CreateVolumeResponse response;
    const grpc::StatusCode code = Call(&v1::TargetAgent::Stub::CreateVolume, request, response);
    volume_ = response.volume();
    return code;
  }
  grpc::StatusCode Export(const std::string& host) {
    v1::ExportVolumeRequest request;
    request.set_handle(volume_.handle());
    request.mutable_wanted()->set_host_nqn(host);
    request.mutable_wanted()->set_mode(v1::EXPORT_MODE_SINGLE_NODE);
    v1::ExportVolumeResponse response;
    const grpc::StatusCode code = Call(&v1::TargetAgent::Stub::ExportVolume, request, response);
    if (code == grpc::OK) volume_ = response.volume();
    return code;
  }
  grpc::StatusCode Unexport(const std::string& host) {
    v1::UnexportVolumeRequest request;
    request.set_handle(volume_.handle());
    request.set_host_nqn(host);
    v1::UnexportVolumeResponse response;
    return Call(&v1::TargetAgent::Stub::UnexportVolume, request, response);
  }
  grpc::StatusCode Delete() {
    v1::DeleteVolumeRequest request;
    request.set_handle(volume_.handle());
    v1::DeleteVolumeResponse response;
    return Call(&v1::TargetAgent::Stub::DeleteVolume, request, response);
  }
  grpc::StatusCode Get(const v1::GetVolumeRequest& request) {
    v1::GetVolumeResponse response;
    const grpc::StatusCode code = Call(&v1::TargetAgent::Stub::GetVolume, request, response);
    found_ = response.volume();
    return code;
  }

  absl::Notification go_on_;  // outlives the steps that wait for it
  TargetWorld world_;
  base::MonotonicClock clock_;
  base::Workers workers_{clock_, 2};
  base::Workers fences_{clock_, 1};
  TargetService service_{
      {*world_.provisioner, *world_.exporter, *world_.store, workers_, fences_, clock_, "1.2.3"}};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TargetAgent::Stub> stub_;
  std::chrono::milliseconds patience_{10'000};
  std::string message_;
  std::string details_;
  v1::Volume volume_;
  v1::Volume found_;
};

TEST_F(TargetServiceTest, AgentDescribesItself) {
  v1::GetAgentResponse agent;
  ASSERT_EQ(Call(&v1::TargetAgent::Stub::GetAgent, v1::GetAgentRequest(), agent), grpc::OK);
  EXPECT_EQ(agent.version(), "1.2.3");
  EXPECT_EQ(agent.default_provisioning(), v1::PROVISIONING_THIN);
  EXPECT_EQ(agent.available_bytes(), 90 * kGiB);
  EXPECT_EQ(agent.granularity_bytes(), 4096);
  EXPECT_EQ(agent.portals_size(), 2);
}

TEST_F(TargetServiceTest, VolumeIsFoundByHandleAndName) {
  ASSERT_EQ(Create("data"), grpc::OK);
  v1::GetVolumeRequest request;
  request.set_handle(volume_.handle());
  ASSERT_EQ(Get(request), grpc::OK);
  EXPECT_EQ(found_.SerializeAsString(), volume_.SerializeAsString());
  request.set_name("data");
  ASSERT_EQ(Get(request), grpc::OK);
  EXPECT_EQ(found_.handle(), volume_.handle());
  EXPECT_EQ(found_.context().at("ioPolicy"), "numa");
}

TEST_F(TargetServiceTest, WhatIsNotThereIsNotFound) {
  v1::GetVolumeRequest request;
  EXPECT_EQ(Get(request), grpc::INVALID_ARGUMENT);
  request.set_name("data");
  EXPECT_EQ(Get(request), grpc::NOT_FOUND);
  EXPECT_EQ(Delete(), grpc::NOT_FOUND);
}

TEST_F(TargetServiceTest, VolumeWhoseRecordIsLostIsRefusedAndNotListed) {
  ASSERT_OK(world_.pool.Create(kLost, kGiB, volume::Provisioning::kThin));
  v1::GetVolumeRequest request;
  request.set_handle(kLost);
  EXPECT_EQ(Get(request), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(message_, HasSubstr(world_.pool.Path(kLost)));
  volume_.set_handle(kLost);
  EXPECT_EQ(Delete(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(Export(HostNqn("a").text()), grpc::FAILED_PRECONDITION);
  v1::ListVolumesResponse list;
  ASSERT_EQ(Call(&v1::TargetAgent::Stub::ListVolumes, v1::ListVolumesRequest(), list), grpc::OK);
  EXPECT_EQ(list.volumes_size(), 0);
}

TEST_F(TargetServiceTest, UnknownHandleIsNotFound) {
  v1::GetVolumeRequest request;
  request.set_handle(kLost);
  EXPECT_EQ(Get(request), grpc::NOT_FOUND);
}

TEST_F(TargetServiceTest, UnfinishedVolumesAreShownToNobody) {
  ASSERT_EQ(Create("data"), grpc::OK);
  VolumeRecord record = world_.Record(volume_.handle());
  record.state = VolumeRecord::State::kDeleting;
  ASSERT_TRUE(world_.store->Put(record).ok());
  v1::GetVolumeRequest request;
  request.set_name("data");
  EXPECT_EQ(Get(request), grpc::NOT_FOUND);
  v1::ListVolumesResponse list;
  ASSERT_EQ(Call(&v1::TargetAgent::Stub::ListVolumes, v1::ListVolumesRequest(), list), grpc::OK);
  EXPECT_EQ(list.volumes_size(), 0);
}

TEST_F(TargetServiceTest, MalformedRequestsAreInvalid) {
  EXPECT_EQ(Create(""), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(Create(std::string(2000, 'x')), grpc::INVALID_ARGUMENT);
  ASSERT_EQ(Create("data"), grpc::OK);
  EXPECT_EQ(Export("somebody"), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(Unexport("nqn.2014-08.org.example:../a"), grpc::INVALID_ARGUMENT);
}

TEST_F(TargetServiceTest, LifeOfAVolume) {
  const std::string host = HostNqn("a").text();
  ASSERT_EQ(Create("data"), grpc::OK);
  EXPECT_EQ(Create("data"), grpc::ALREADY_EXISTS);
  v1::GetVolumeRequest by_name;
  by_name.set_name("data");
  ASSERT_EQ(Get(by_name), grpc::OK);
  volume_ = found_;
  EXPECT_EQ(Export(host), grpc::OK);
  EXPECT_EQ(volume_.exports(0).host_nqn(), host);
  EXPECT_EQ(Export(host), grpc::ALREADY_EXISTS);
  EXPECT_EQ(Delete(), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(message_, HasSubstr(host));
  EXPECT_EQ(Unexport(host), grpc::OK);
  EXPECT_EQ(Delete(), grpc::OK);
  EXPECT_EQ(Delete(), grpc::NOT_FOUND);
}

TEST_F(TargetServiceTest, ExpandAnswersTheSize) {
  ASSERT_EQ(Create("data"), grpc::OK);
  v1::ExpandVolumeRequest request;
  request.set_handle(volume_.handle());
  request.set_required_bytes(2 * kGiB + 1);
  v1::ExpandVolumeResponse response;
  ASSERT_EQ(Call(&v1::TargetAgent::Stub::ExpandVolume, request, response), grpc::OK);
  EXPECT_EQ(response.size_bytes(), 2 * kGiB + 4096);
}

TEST_F(TargetServiceTest, StepThatTheKernelHoldsOutlivesItsCall) {
  ASSERT_EQ(Create("data"), grpc::OK);
  world_.effects.OnEffect([this](const std::string& effect) {
    if (absl::StartsWith(effect, "remove ")) go_on_.WaitForNotification();
  });
  patience_ = std::chrono::milliseconds(50);
  EXPECT_EQ(Delete(), grpc::DEADLINE_EXCEEDED);
  patience_ = std::chrono::seconds(10);
  EXPECT_EQ(Delete(), grpc::ABORTED);
  v1::ListVolumesResponse list;
  EXPECT_EQ(Call(&v1::TargetAgent::Stub::ListVolumes, v1::ListVolumesRequest(), list), grpc::OK);
  go_on_.Notify();
}

TEST_F(TargetServiceTest, NoFreeWorkerIsNotTakenForAFullPool) {
  ASSERT_EQ(Create("one"), grpc::OK);
  world_.effects.OnEffect([this](const std::string&) { go_on_.WaitForNotification(); });
  patience_ = std::chrono::milliseconds(50);
  EXPECT_EQ(Delete(), grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(Create("two"), grpc::DEADLINE_EXCEEDED);
  patience_ = std::chrono::seconds(10);
  EXPECT_EQ(Create("three"), grpc::UNAVAILABLE);
  EXPECT_NE(details_, "") << "a caller would take it for a lost connection";
  go_on_.Notify();
}

TEST_F(TargetServiceTest, HostIsShutOutThoughOtherCallsKeepAllWorkersBusy) {
  ASSERT_EQ(Create("exported"), grpc::OK);
  ASSERT_EQ(Export(HostNqn("a").text()), grpc::OK);
  const v1::Volume exported = volume_;
  world_.effects.OnEffect([this](const std::string& effect) {
    if (absl::StartsWith(effect, "create ")) go_on_.WaitForNotification();
  });
  patience_ = std::chrono::milliseconds(50);
  EXPECT_EQ(Create("one"), grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(Create("two"), grpc::DEADLINE_EXCEEDED);
  patience_ = std::chrono::seconds(10);
  EXPECT_EQ(Create("three"), grpc::UNAVAILABLE);
  volume_ = exported;
  EXPECT_EQ(Unexport(HostNqn("a").text()), grpc::OK);
  go_on_.Notify();
}

}  // namespace
}  // namespace nvmeof::target
