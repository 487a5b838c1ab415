#include "backend/spdk/spdk_rpc.h"

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "base/status_macros.h"
#include "nvmeof/v1/spdk.pb.h"

namespace nvmeof::backend {
namespace {

constexpr int kUnknownMethod = -32601;

absl::StatusOr<std::string> Print(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) {
    return absl::InternalError("the parameters have no JSON");
  }
  return json;
}

absl::Status Parse(const std::string& json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &message, options);
  if (parsed.ok()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("it answers what is not understood: ", std::string(parsed.message())));
}

// SPDK refuses parameters where a method takes none, an empty object among them.
bool IsEmpty(const google::protobuf::Message& message) {
  return message.GetDescriptor()->field_count() == 0;
}

absl::StatusOr<std::string> Request(std::int64_t id, absl::string_view method,
                                    const google::protobuf::Message& params) {
  std::string request =
      absl::StrCat(R"({"jsonrpc":"2.0","id":)", id, R"(,"method":")", method, "\"");
  if (!IsEmpty(params)) {
    ASSIGN_OR_RETURN(const std::string json, Print(params));
    absl::StrAppend(&request, ",\"params\":", json);
  }
  return absl::StrCat(request, "}");
}

absl::Status Check(const std::string& json, std::int64_t id) {
  v1::spdk::RpcAnswer answer;
  RETURN_IF_ERROR(Parse(json, answer));
  if (answer.has_error()) return SpdkStatus(answer.error().code(), answer.error().message());
  if (answer.id() == id) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("it answers request ", answer.id(), " instead of ", id));
}

}  // namespace

absl::Status SpdkStatus(int code, const std::string& message) {
  const std::string text = absl::StrCat(message, " (", code, ")");
  const auto is = [&](int error, absl::string_view words) {
    return code == -error || absl::StrContains(message, words);
  };
  if (code == kUnknownMethod) return absl::UnimplementedError(text);
  if (is(ENODEV, "No such device") || is(ENOENT, "No such file")) return absl::NotFoundError(text);
  if (is(EEXIST, "File exists")) return absl::AlreadyExistsError(text);
  if (is(ENOSPC, "No space left on device")) return absl::ResourceExhaustedError(text);
  if (is(EBUSY, "Device or resource busy") || is(EPERM, "Operation not permitted")) {
    return absl::FailedPreconditionError(text);
  }
  if (absl::StrContains(message, "another state change") ||
      absl::StrContains(message, "already being destroyed")) {
    return absl::AbortedError(text);
  }
  return absl::InternalError(text);
}

absl::Status SpdkRpc::CallInto(absl::string_view method, const google::protobuf::Message& params,
                               absl::Time deadline, google::protobuf::Message& result) {
  const auto call = [&]() -> absl::Status {
    const std::int64_t id = ++last_id_;
    ASSIGN_OR_RETURN(const std::string request, Request(id, method, params));
    ASSIGN_OR_RETURN(const std::string answer, transport_->Exchange(request, deadline));
    RETURN_IF_ERROR(Check(answer, id));
    return Parse(answer, result);
  };
  return base::Annotate(call(), absl::StrCat(transport_->Describe(), ": ", method));
}

}  // namespace nvmeof::backend
