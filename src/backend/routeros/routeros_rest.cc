#include "backend/routeros/routeros_rest.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

#include "base/json.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

constexpr int kMultipleChoices = 300;
constexpr int kBadGateway = 502;
constexpr int kGatewayTimeout = 504;

// The router cuts a request after 60 s. The line is not held for a dead one until the deadline.
constexpr absl::Duration kLongestRequest = absl::Seconds(65);
// Counted from the request on: its answer may have waited for us.
constexpr absl::Duration kLongestIdAge = absl::Seconds(5);

// Of a value in a query. An asterisk must not be encoded; none of ours has one.
std::string Encode(absl::string_view value) {
  constexpr absl::string_view kPlain = "-._~/*";
  constexpr absl::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char letter : value) {
    const auto byte = static_cast<unsigned char>(letter);
    if (absl::ascii_isalnum(byte) || absl::StrContains(kPlain, letter)) {
      text.push_back(letter);
    } else {
      text.append({'%', kDigits[byte >> 4], kDigits[byte & 0xF]});
    }
  }
  return text;
}

std::string JsonOf(const RouterosItem& item) {
  return absl::StrCat("{",
                      absl::StrJoin(item, ",",
                                    [](std::string* out, const auto& entry) {
                                      absl::StrAppend(out, base::QuoteJson(entry.first), ":",
                                                      base::QuoteJson(entry.second));
                                    }),
                      "}");
}

absl::StatusOr<std::vector<RouterosItem>> ParseItems(const std::string& json) {
  google::protobuf::ListValue list;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &list);
  if (!parsed.ok()) {
    return absl::InternalError(
        absl::StrCat("it answers what is not understood: ", std::string(parsed.message())));
  }
  std::vector<RouterosItem> items;
  for (const google::protobuf::Value& value : list.values()) {
    RouterosItem& item = items.emplace_back();
    for (const auto& [key, field] : value.struct_value().fields()) {
      if (field.kind_case() == google::protobuf::Value::kStringValue) {
        item.emplace(key, field.string_value());
      }
    }
  }
  return items;
}

// {"error":400,"message":"Bad Request","detail":"failure: already have such ..."}
std::string TextOf(int status, absl::string_view body) {
  google::protobuf::Struct answer;
  const bool understood =
      google::protobuf::util::JsonStringToMessage(std::string(body), &answer).ok();
  std::vector<std::string> texts;
  for (const char* key : {"message", "detail"}) {
    const auto found = answer.fields().find(key);
    if (!understood || found == answer.fields().end()) continue;
    const std::string& text = found->second.string_value();
    if (!text.empty()) texts.push_back(text);
  }
  return absl::StrCat(texts.empty() ? "it gives no reason" : absl::StrJoin(texts, ": "), " (",
                      status, ")");
}

}  // namespace

bool IsTrue(const RouterosItem& item, const std::string& key) {
  const std::string value = ValueOf(item, key);
  return value == "true" || value == "yes";
}

std::string ValueOf(const RouterosItem& item, const std::string& key) {
  const auto found = item.find(key);
  return found == item.end() ? "" : found->second;
}

absl::Status RouterosStatus(int status, absl::string_view body) {
  if (status >= kHttpOk && status < kMultipleChoices) return absl::OkStatus();
  const std::string text = TextOf(status, body);
  const auto says = [&](absl::string_view words) {
    return absl::StrContains(absl::AsciiStrToLower(text), words);
  };
  if (status >= kBadGateway && status <= kGatewayTimeout) return absl::UnavailableError(text);
  if (status == kHttpUnauthorized || says("not allowed")) {
    return absl::InternalError(
        absl::StrCat("it refuses our user or password, or what this user's group may do: ", text));
  }
  if (says("no such item")) return absl::NotFoundError(text);
  if (says("already have") || says("already exists")) return absl::AlreadyExistsError(text);
  if (says("not enough") || says("no space")) return absl::ResourceExhaustedError(text);
  if (says("in use") || says("busy")) return absl::FailedPreconditionError(text);
  return absl::InternalError(text);
}

absl::Status RouterosRest::AwaitTurn(absl::string_view menu, absl::Time deadline) {
  const absl::MutexLock lock(&mutex_);
  const absl::Duration patience = std::max(deadline - clock_.Now(), absl::ZeroDuration());
  if (!mutex_.AwaitWithTimeout(absl::Condition(&free_), patience)) {
    return absl::UnavailableError(
        absl::StrCat(transport_->Describe(), ": /rest/", menu,
                     ": other requests took all the time; it was not asked"));
  }
  free_ = false;
  return absl::OkStatus();
}

void RouterosRest::EndTurn() {
  const absl::MutexLock lock(&mutex_);
  free_ = true;
}

absl::StatusOr<std::string> RouterosRest::Exchange(const HttpRequest& request,
                                                   absl::Time deadline) {
  const absl::string_view path = absl::string_view(request.path);
  const std::string what = absl::StrCat(transport_->Describe(), ": ", request.method, " ",
                                        path.substr(0, path.find('?')));
  absl::StatusOr<HttpAnswer> answer =
      transport_->Exchange(request, std::min(deadline, clock_.Now() + kLongestRequest));
  if (!answer.ok()) return base::Annotate(answer.status(), what);
  const absl::Status status = RouterosStatus(answer->status, answer->body);
  if (!status.ok()) return base::Annotate(status, what);
  return std::move(answer->body);
}

absl::StatusOr<std::vector<RouterosItem>> RouterosRest::Look(const std::string& menu,
                                                             const std::string& key,
                                                             const std::string& value,
                                                             const std::vector<std::string>& wanted,
                                                             absl::Time deadline) {
  std::vector<std::string> query;
  if (!wanted.empty()) query.push_back(absl::StrCat(".proplist=", absl::StrJoin(wanted, ",")));
  if (!key.empty()) query.push_back(absl::StrCat(key, "=", Encode(value)));
  const std::string path =
      absl::StrCat("/rest/", menu, query.empty() ? "" : "?", absl::StrJoin(query, "&"));
  ASSIGN_OR_RETURN(const std::string json, Exchange({"GET", path, ""}, deadline));
  absl::StatusOr<std::vector<RouterosItem>> items = ParseItems(json);
  if (!items.ok()) {
    return base::Annotate(items.status(), absl::StrCat(transport_->Describe(), ": /rest/", menu));
  }
  if (!key.empty()) {
    std::erase_if(*items, [&](const RouterosItem& item) { return ValueOf(item, key) != value; });
  }
  return items;
}

absl::StatusOr<std::string> RouterosRest::IdOf(const RouterosName& name, absl::Time deadline) {
  const std::string what =
      absl::StrCat(transport_->Describe(), ": /rest/", name.menu, ": ", name.key, " ", name.value);
  const absl::Time asked = clock_.Now();
  ASSIGN_OR_RETURN(const std::vector<RouterosItem> items,
                   Look(name.menu, name.key, name.value, {".id", name.key}, deadline));
  if (items.empty()) return absl::NotFoundError(absl::StrCat(what, ": no such item"));
  std::string id = ValueOf(items.front(), ".id");
  if (items.size() > 1 || id.empty()) {
    return absl::InternalError(absl::StrCat(what, ": there are ", items.size(),
                                            " such items, the first with id '", id,
                                            "'; it is not known which one is meant"));
  }
  if (clock_.Now() - asked <= kLongestIdAge) return id;
  return absl::AbortedError(
      absl::StrCat(what, ": it took ", absl::FormatDuration(clock_.Now() - asked),
                   " to look for it; nothing was done, as the router may have started anew"));
}

absl::Status RouterosRest::Act(const std::string& command, const RouterosName& name,
                               RouterosItem values, absl::Time deadline) {
  RETURN_IF_ERROR(AwaitTurn(name.menu, deadline));
  const absl::Cleanup end_turn = [this] { EndTurn(); };
  ASSIGN_OR_RETURN(const std::string id, IdOf(name, deadline));
  // An id in the URL is refused by some releases ("missing or invalid resource identifier"), in the
  // body by none.
  values[".id"] = id;
  return Exchange({"POST", absl::StrCat("/rest/", name.menu, "/", command), JsonOf(values)},
                  deadline)
      .status();
}

absl::StatusOr<std::vector<RouterosItem>> RouterosRest::Print(
    const std::string& menu, const std::string& key, const std::string& value,
    const std::vector<std::string>& wanted, absl::Time deadline) {
  RETURN_IF_ERROR(AwaitTurn(menu, deadline));
  const absl::Cleanup end_turn = [this] { EndTurn(); };
  return Look(menu, key, value, wanted, deadline);
}

absl::Status RouterosRest::Add(const std::string& menu, const RouterosItem& item,
                               absl::Time deadline) {
  RETURN_IF_ERROR(AwaitTurn(menu, deadline));
  const absl::Cleanup end_turn = [this] { EndTurn(); };
  return Exchange({"PUT", absl::StrCat("/rest/", menu), JsonOf(item)}, deadline).status();
}

absl::Status RouterosRest::Set(const RouterosName& name, RouterosItem values, absl::Time deadline) {
  return Act("set", name, std::move(values), deadline);
}

absl::Status RouterosRest::Remove(const RouterosName& name, absl::Time deadline) {
  return Act("remove", name, {}, deadline);
}

}  // namespace nvmeof::backend
