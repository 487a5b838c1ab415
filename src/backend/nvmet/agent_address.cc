#include "backend/nvmet/agent_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nvmeof::backend {
namespace {

bool IsLiteral(int family, absl::string_view text) {
  in6_addr address{};  // the larger one
  return ::inet_pton(family, std::string(text).c_str(), &address) == 1;
}

bool IsLabel(absl::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
         });
}

bool IsHostName(absl::string_view text) {
  const std::vector<absl::string_view> labels = absl::StrSplit(text, '.');
  // A last label of digits only is a broken IPv4 address (RFC 3696, section 2).
  const absl::string_view last = labels.back();
  return text.size() <= 253 && std::all_of(labels.begin(), labels.end(), IsLabel) &&
         !std::all_of(last.begin(), last.end(),
                      [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

bool IsHost(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "[")) {
    return absl::ConsumeSuffix(&text, "]") && IsLiteral(AF_INET6, text);
  }
  return IsLiteral(AF_INET, text) || IsHostName(text);
}

bool IsPort(absl::string_view text) {
  int port = 0;
  return !text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text.front())) &&
         absl::SimpleAtoi(text, &port) && port >= 1 && port <= 65535;
}

bool IsSocketPath(absl::string_view path) {
  return path.size() > 1 && path.front() == '/' && path.size() < sizeof(sockaddr_un::sun_path) &&
         std::none_of(path.begin(), path.end(),
                      [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
}

}  // namespace

bool IsAgentAddress(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "unix://")) return IsSocketPath(text);
  const std::size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return false;
  return IsHost(text.substr(0, colon)) && IsPort(text.substr(colon + 1));
}

}  // namespace nvmeof::backend
