// One controller with several storage systems, of which one hangs: it takes calls and never answers
// them. Whose calls fail, and how soon.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/make_backends.h"
#include "base/clock.h"
#include "csi/controller_service.h"
#include "tests/csi/controller_world.h"
#include "tests/fakes/fake_agent.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/target/served_target.h"

namespace nvmeof::testing {
namespace {

using ::testing::Each;
using Code = grpc::StatusCode;

constexpr int kWorkers = 16;

// What calls on threads of their own answered, in the order of their ends.
class Answers {
 public:
  void Add(Code code) {
    const absl::MutexLock lock(&mutex_);
    codes_.push_back(code);
  }

  std::vector<Code> AwaitAtLeast(std::size_t answers) {
    const absl::MutexLock lock(&mutex_);
    const auto enough = [&]()
                            ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return codes_.size() >= answers; };
    mutex_.Await(absl::Condition(&enough));
    return codes_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<Code> codes_ ABSL_GUARDED_BY(mutex_);
};

// The backends are "rados", "ssd" of one agent, and "disks" of the agents "a" and "b".
class HungStorageTest : public ::testing::Test {
 protected:
  using Stub = ::csi::v1::Controller::Stub;

  ~HungStorageTest() override { EndCalls(); }

  std::string Created(const std::string& backend) {
    ::csi::v1::CreateVolumeRequest request = CreateRequest("pvc-1");
    (*request.mutable_parameters())["backend"] = backend;
    grpc::ClientContext context;
    ::csi::v1::CreateVolumeResponse response;
    EXPECT_TRUE(stub_->CreateVolume(&context, request, &response).ok());
    return response.volume().volume_id();
  }

  // The claim on a volume lets one change of it in; looks come as they like.
  Code Get(const std::string& id) {
    grpc::ClientContext context;
    SetTimeOf(context);
    ::csi::v1::ControllerGetVolumeRequest request;
    request.set_volume_id(id);
    ::csi::v1::ControllerGetVolumeResponse response;
    return stub_->ControllerGetVolume(&context, request, &response).error_code();
  }

  Code Delete(const std::string& id) {
    grpc::ClientContext context;
    SetTimeOf(context);
    ::csi::v1::DeleteVolumeRequest request;
    request.set_volume_id(id);
    ::csi::v1::DeleteVolumeResponse response;
    return stub_->DeleteVolume(&context, request, &response).error_code();
  }

  void BeginToGet(const std::string& id, int calls) {
    for (int i = 0; i < calls; ++i) {
      callers_.emplace_back([this, id] { answers_.Add(Get(id)); });
    }
  }

  std::vector<Code> EndCalls() {
    ceph_.Release(0);
    ceph_.Release(1);
    agent_b_.Release();
    for (std::thread& caller : callers_) caller.join();
    callers_.clear();
    return answers_.AwaitAtLeast(0);
  }

  // Long enough for all that is not held up.
  static void SetTimeOf(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }

  base::MonotonicClock clock_;
  TemporaryDirectory sockets_;
  FakeCeph ceph_{sockets_.path(), FakeCeph::TwoGateways()};
  ServedTarget ssd_{clock_};
  FakeAgent agent_a_{"a", "unix://" + sockets_.File("a.sock")};
  FakeAgent agent_b_{"b", "unix://" + sockets_.File("b.sock")};
  const backend::Backends backends_ = backend::MakeBackends(
      {{{"rados", ceph_.config()},
        {"ssd", backend::NvmetConfig{{{"agent", ssd_.address()}}}},
        {"disks", backend::NvmetConfig{{agent_a_.config(), agent_b_.config()}}}}},
      kWorkers, clock_);

  CapturedLog log_;
  base::Workers workers_{clock_, kWorkers};
  csi::RpcEdge edge_{clock_, workers_, {.log = log_.sink()}};
  csi::ControllerService service_{edge_, backends_};
  Serving serving_{service_};
  std::unique_ptr<Stub> stub_ = ::csi::v1::Controller::NewStub(serving_.channel());

  Answers answers_;
  std::vector<std::thread> callers_;
};

TEST_F(HungStorageTest, LeavesTheWorkersToTheOtherBackends) {
  const std::string hung = "rados:rbd:00000000000040008000000000000001";
  ceph_.Hold(0);
  ceph_.Hold(1);
  constexpr int kHeld = 6;  // three quarters of half of the workers
  BeginToGet(hung, kWorkers);
  EXPECT_THAT(answers_.AwaitAtLeast(kWorkers - kHeld), Each(Code::UNAVAILABLE));

  const std::string id = Created("ssd");
  EXPECT_EQ(Get(id), Code::OK);
  EXPECT_EQ(Delete(hung), Code::UNAVAILABLE);
  EXPECT_EQ(Delete(id), Code::OK);

  const std::vector<Code> answers = EndCalls();
  EXPECT_EQ(std::count(answers.begin(), answers.end(), Code::NOT_FOUND), kHeld);
}

TEST_F(HungStorageTest, AnAgentLeavesCallsToItsBackendsOtherAgents) {
  agent_b_.SetRoom(0);
  const std::string id = Created("disks");
  ASSERT_THAT(id, ::testing::StartsWith("disks:a:"));
  agent_b_.Hold();
  constexpr int kHeld = 4;  // half of half of the workers
  BeginToGet("disks:b:1", kWorkers);
  EXPECT_THAT(answers_.AwaitAtLeast(kWorkers - kHeld), Each(Code::UNAVAILABLE));

  EXPECT_EQ(Get(id), Code::OK);
  EXPECT_EQ(Delete("disks:b:1"), Code::UNAVAILABLE);
  EXPECT_EQ(Delete(id), Code::OK);

  const std::vector<Code> answers = EndCalls();
  EXPECT_EQ(std::count(answers.begin(), answers.end(), Code::NOT_FOUND), kHeld);
}

}  // namespace
}  // namespace nvmeof::testing
