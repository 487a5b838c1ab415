#include "csi/status_to_grpc.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::csi {
namespace {

TEST(StatusToGrpcTest, OkIsOk) { EXPECT_TRUE(StatusToGrpc(absl::OkStatus()).ok()); }

TEST(StatusToGrpcTest, KeepsEveryCode) {
  struct Row {
    absl::StatusCode ours;
    grpc::StatusCode theirs;
  };
  const Row rows[] = {
      {absl::StatusCode::kCancelled, grpc::StatusCode::CANCELLED},
      {absl::StatusCode::kUnknown, grpc::StatusCode::UNKNOWN},
      {absl::StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
      {absl::StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
      {absl::StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND},
      {absl::StatusCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
      {absl::StatusCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
      {absl::StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
      {absl::StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
      {absl::StatusCode::kAborted, grpc::StatusCode::ABORTED},
      {absl::StatusCode::kOutOfRange, grpc::StatusCode::OUT_OF_RANGE},
      {absl::StatusCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED},
      {absl::StatusCode::kInternal, grpc::StatusCode::INTERNAL},
      {absl::StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
      {absl::StatusCode::kDataLoss, grpc::StatusCode::DATA_LOSS},
      {absl::StatusCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(StatusToGrpc(absl::Status(row.ours, "why")).error_code(), row.theirs);
  }
}

TEST(StatusToGrpcTest, KeepsTheMessage) {
  EXPECT_EQ(StatusToGrpc(absl::AbortedError("vol-7 is busy")).error_message(), "vol-7 is busy");
}

TEST(StatusToGrpcTest, LeavesDetailsEmpty) {
  EXPECT_EQ(StatusToGrpc(absl::AbortedError("why")).error_details(), "");
}

TEST(StatusToGrpcTest, CutsALongMessageBetweenCharacters) {
  std::string text(2047, 'a');
  for (int i = 0; i < 10; ++i) text += "\u00e9";
  const std::string message = StatusToGrpc(absl::AbortedError(text)).error_message();
  EXPECT_EQ(message, std::string(2047, 'a') + " ...");
}

}  // namespace
}  // namespace nvmeof::csi
