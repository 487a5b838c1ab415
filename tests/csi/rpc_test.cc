#include "csi/rpc.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "csi/v1/csi.grpc.pb.h"
#include "tests/csi/captured_log.h"
#include "tests/csi/serving.h"
#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::csi {
namespace {

using ::nvmeof::testing::CapturedLog;
using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::Serving;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A call on a volume whose step the test writes. The clock stands still unless the test moves it,
// so a wait for a step that is stuck takes `default_time` of real time and no more.
class RpcTest : public ::testing::Test {
 protected:
  void UseTime(absl::Duration time) { options_.default_time = time; }
  void LogRequests() { options_.log_requests = true; }

  RpcEdge& edge() {
    if (edge_ == nullptr) {
      options_.log = log_.sink();
      edge_ = std::make_unique<RpcEdge>(clock_, workers_, options_);
    }
    return *edge_;
  }

  grpc::StatusCode Unstage(const std::string& volume_id, Rpc::Step step,
                           RpcKind kind = RpcKind::kChange) {
    const grpc::ServerContext context;
    ::csi::v1::NodeUnstageVolumeRequest request;
    request.set_volume_id(volume_id);
    request.set_staging_target_path("/staging");
    return edge()
        .Run(context, request, kind,
             [&](Rpc& rpc) { return rpc.Perform(volume_id, std::move(step)); })
        .error_code();
  }

  Rpc::Step Stuck() {
    return [this](base::Call&) {
      entered_.Notify();
      leave_.WaitForNotification();
      return absl::OkStatus();
    };
  }

  static Rpc::Step Answer(absl::Status status) {
    return [status](base::Call&) { return status; };
  }

  FakeClock clock_;
  CapturedLog log_;
  RpcOptions options_;
  std::unique_ptr<RpcEdge> edge_;
  absl::Notification entered_;
  absl::Notification leave_;
  base::Workers workers_{clock_, 2};  // destroyed first: waits for the steps
};

TEST_F(RpcTest, LogsOneLineAtTheEndOfAChange) {
  EXPECT_EQ(Unstage("vol-7", Answer(absl::OkStatus())), grpc::StatusCode::OK);
  EXPECT_THAT(log_.lines(), ElementsAre("info rpc rpc=NodeUnstageVolume volume=vol-7 "
                                        "path=/staging ms=0 code=OK"));
}

TEST_F(RpcTest, LogsHowLongItTookAndItsSteps) {
  Unstage("vol-7", [this](base::Call& call) {
    call.Measure("connect", [this] { clock_.Advance(absl::Milliseconds(40)); });
    call.Measure("mount", [this] { clock_.Advance(absl::Microseconds(1500)); });
    return absl::OkStatus();
  });
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("ms=41.5 code=OK connect_ms=40 mount_ms=1.5")));
}

TEST_F(RpcTest, LogsAFailureOnceWithItsMessage) {
  EXPECT_EQ(Unstage("vol-7", Answer(absl::FailedPreconditionError("mounted at /x"))),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(log_.lines(),
              ElementsAre(AllOf(StartsWith("warning rpc "), HasSubstr("code=FAILED_PRECONDITION"),
                                HasSubstr("error=mounted at /x"))));
}

TEST_F(RpcTest, CallsABrokenInvariantAnError) {
  Unstage("vol-7", Answer(absl::InternalError("impossible")));
  EXPECT_THAT(log_.lines(), ElementsAre(StartsWith("error rpc ")));
}

TEST_F(RpcTest, LooksAreHeardOnlyWhenTheyFail) {
  Unstage("vol-7", Answer(absl::OkStatus()), RpcKind::kLook);
  Unstage("vol-7", Answer(absl::NotFoundError("gone")), RpcKind::kLook);
  EXPECT_THAT(log_.lines(), ElementsAre(StartsWith("debug rpc "), StartsWith("warning rpc ")));
}

TEST_F(RpcTest, LogsRequestsRedactedWhenAskedTo) {
  LogRequests();
  ::csi::v1::DeleteVolumeRequest request;
  (*request.mutable_secrets())["password"] = "hunter2";
  edge().Run(grpc::ServerContext(), request, RpcKind::kLook, [](Rpc&) { return absl::OkStatus(); });
  EXPECT_THAT(log_.lines(), ElementsAre("debug request rpc=DeleteVolume request=secrets: (secret)",
                                        Not(HasSubstr("hunter2"))));
}

TEST_F(RpcTest, LogsWhatTheMethodNotes) {
  edge().Run(grpc::ServerContext(), ::csi::v1::CreateVolumeRequest(), RpcKind::kChange,
             [](Rpc& rpc) {
               rpc.Note("volume", "fast:a:1");
               return absl::OkStatus();
             });
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("rpc=CreateVolume volume=fast:a:1")));
}

TEST_F(RpcTest, HandsOverTheValueOfAStep) {
  edge().Run(grpc::ServerContext(), ::csi::v1::ProbeRequest(), RpcKind::kLook, [](Rpc& rpc) {
    EXPECT_THAT(rpc.PerformFor<int>("vol-7", [](base::Call&) { return 41; }), IsOkAndHolds(41));
    EXPECT_THAT(rpc.LookFor<int>([](base::Call&) { return absl::AbortedError("no"); }),
                StatusIs(absl::StatusCode::kAborted));
    return absl::OkStatus();
  });
}

TEST_F(RpcTest, RefusesASecondCallOnTheSameVolume) {
  std::thread first([this] { Unstage("vol-7", Stuck()); });
  entered_.WaitForNotification();
  EXPECT_EQ(Unstage("vol-7", Answer(absl::OkStatus())), grpc::StatusCode::ABORTED);
  EXPECT_EQ(Unstage("vol-8", Answer(absl::OkStatus())), grpc::StatusCode::OK);
  leave_.Notify();
  first.join();
}

TEST_F(RpcTest, TheClaimIsFreeWhenTheCallerHasItsAnswer) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(Unstage("vol-7", Answer(absl::OkStatus())), grpc::StatusCode::OK);
  }
}

TEST_F(RpcTest, AnswersAtTheDeadlineWhileTheStepKeepsItsClaim) {
  UseTime(absl::Milliseconds(20));
  EXPECT_EQ(Unstage("vol-7", Stuck()), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Unstage("vol-7", Answer(absl::OkStatus())), grpc::StatusCode::ABORTED);
  leave_.Notify();
}

TEST_F(RpcTest, SaysAtTheDeadlineWhatTheStepWaitsFor) {
  UseTime(absl::Milliseconds(300));  // long enough for the step to begin
  Unstage("vol-7", [this](base::Call& call) {
    call.WaitsFor("the disk is slow");
    leave_.WaitForNotification();
    return absl::OkStatus();
  });
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("time ended: the disk is slow; calls on")));
  leave_.Notify();
}

TEST_F(RpcTest, LogsTheLateEndOfAStepThatWasLeft) {
  UseTime(absl::Milliseconds(20));
  {
    base::Workers workers(clock_, 1);
    options_.log = log_.sink();
    edge_ = std::make_unique<RpcEdge>(clock_, workers, options_);
    Unstage("vol-7", Stuck());
    leave_.Notify();
  }
  EXPECT_THAT(log_.lines(),
              ElementsAre(HasSubstr("code=DEADLINE_EXCEEDED"),
                          "info late end rpc=NodeUnstageVolume volume=vol-7 path=/staging ms=0 "
                          "code=OK"));
}

TEST_F(RpcTest, StuckCallsLeaveRoomForLooksThatNeedNoWorker) {
  UseTime(absl::Milliseconds(20));
  Unstage("vol-1", [this](base::Call&) {
    leave_.WaitForNotification();
    return absl::OkStatus();
  });
  Unstage("vol-2", [this](base::Call&) {
    leave_.WaitForNotification();
    return absl::OkStatus();
  });
  EXPECT_EQ(Unstage("vol-3", Answer(absl::OkStatus())), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(edge()
                  .Run(grpc::ServerContext(), ::csi::v1::ProbeRequest(), RpcKind::kLook,
                       [](Rpc&) { return absl::OkStatus(); })
                  .ok());
  leave_.Notify();
}

TEST_F(RpcTest, BeginsNothingAfterTheDeadline) {
  UseTime(absl::ZeroDuration());
  bool begun = false;
  EXPECT_EQ(Unstage("vol-7",
                    [&](base::Call&) {
                      begun = true;
                      return absl::OkStatus();
                    }),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_FALSE(begun);
}

TEST_F(RpcTest, GivesTheStepALittleLessThanTheCallersTime) {
  UseTime(absl::Seconds(10));
  absl::Duration given;
  Unstage("vol-7", [&](base::Call& call) {
    given = call.remaining();
    return absl::OkStatus();
  });
  EXPECT_EQ(given, absl::Milliseconds(9600));
}

TEST_F(RpcTest, BoundsTheTimeThatACallerMayTake) {
  UseTime(absl::Hours(1));
  absl::Duration given;
  Unstage("vol-7", [&](base::Call& call) {
    given = call.remaining();
    return absl::OkStatus();
  });
  EXPECT_LT(given, absl::Minutes(5));
}

// A service of one method that remembers how much time its caller gave.
class Watch final : public ::csi::v1::Identity::Service {
 public:
  explicit Watch(RpcEdge& edge) : edge_(edge) {}
  grpc::Status Probe(grpc::ServerContext* context, const ::csi::v1::ProbeRequest* request,
                     ::csi::v1::ProbeResponse*) override {
    return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) {
      return rpc.Perform("", [this](base::Call& call) {
        given = call.remaining();
        return absl::OkStatus();
      });
    });
  }
  absl::Duration given;

 private:
  RpcEdge& edge_;
};

TEST_F(RpcTest, TakesTheDeadlineFromTheCaller) {
  Watch watch(edge());
  const Serving serving(watch);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  ::csi::v1::ProbeResponse response;
  EXPECT_TRUE(::csi::v1::Identity::NewStub(serving.channel())->Probe(&context, {}, &response).ok());
  EXPECT_GT(watch.given, absl::Seconds(20));
  EXPECT_LT(watch.given, absl::Seconds(30));
}

}  // namespace
}  // namespace nvmeof::csi
