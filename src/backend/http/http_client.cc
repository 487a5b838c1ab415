#include "backend/http/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "base/file.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

// SPDK's own limit for an answer; RouterOS has none.
constexpr std::size_t kLongestAnswer = std::size_t{32} << 20;
constexpr std::size_t kLongestCredential = 4096;
constexpr absl::Duration kConnectPatience = absl::Seconds(10);

using Curl = std::unique_ptr<CURL, void (*)(CURL*)>;
using Headers = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

// OpenSSL writes to sockets in a way that may end the process when the server has gone. The signal
// comes to the thread that wrote, so this thread goes without it for a while.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec now{};
    if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

std::size_t Keep(const char* data, std::size_t size, std::size_t count, void* kept) {
  std::string& body = *static_cast<std::string*>(kept);
  const std::size_t bytes = size * count;
  if (body.size() + bytes > kLongestAnswer) return 0;
  body.append(data, bytes);
  return bytes;
}

absl::StatusOr<std::string> ReadCredential(const std::string& path) {
  const absl::StatusOr<std::string> read = base::ReadFile(path, kLongestCredential);
  // The volume that is asked for is not what was not found.
  if (!read.ok())
    return absl::InternalError(absl::StrCat("credentials: ", read.status().message()));
  absl::string_view text = *read;
  if (absl::ConsumeSuffix(&text, "\n")) absl::ConsumeSuffix(&text, "\r");
  if (text.empty() || std::any_of(text.begin(), text.end(), absl::ascii_iscntrl)) {
    return absl::InternalError(
        absl::StrCat("credentials: ", path, " is empty or holds control characters"));
  }
  return std::string(text);
}

// The first option that libcurl does not take; it checks each call's type itself.
template <typename Value>
void Set(CURL* curl, CURLoption option, Value value, CURLcode& first) {
  const CURLcode code = curl_easy_setopt(curl, option, value);
  if (first == CURLE_OK) first = code;
}

void SetTls(CURL* curl, const HttpEndpoint& endpoint, CURLcode& code) {
  Set(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2), code);
  if (!endpoint.pinned_key.empty()) {
    Set(curl, CURLOPT_PINNEDPUBLICKEY, endpoint.pinned_key.c_str(), code);
    if (endpoint.ca_file.empty()) {
      Set(curl, CURLOPT_SSL_VERIFYPEER, 0L, code);
      Set(curl, CURLOPT_SSL_VERIFYHOST, 0L, code);
    }
  }
  if (!endpoint.ca_file.empty()) {
    Set(curl, CURLOPT_CAINFO, endpoint.ca_file.c_str(), code);
    // No other authority besides.
    Set(curl, CURLOPT_CAPATH, nullptr, code);
  }
}

void SetManners(CURL* curl, CURLcode& code) {
  Set(curl, CURLOPT_NOSIGNAL, 1L, code);
  Set(curl, CURLOPT_PROXY, "", code);
  Set(curl, CURLOPT_FOLLOWLOCATION, 0L, code);
  Set(curl, CURLOPT_PROTOCOLS_STR, "http,https", code);
  Set(curl, CURLOPT_PATH_AS_IS, 1L, code);
  Set(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1), code);
  Set(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED), code);
  Set(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC), code);
}

void SetTimes(CURL* curl, absl::Duration left, CURLcode& code) {
  const auto milliseconds = [](absl::Duration time) {
    // 0 would be without end.
    return static_cast<long>(std::max<std::int64_t>(absl::ToInt64Milliseconds(time), 1));
  };
  Set(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(std::min(left, kConnectPatience)), code);
  if (left < absl::Hours(1)) Set(curl, CURLOPT_TIMEOUT_MS, milliseconds(left), code);
}

void SetBody(CURL* curl, const HttpRequest& request, CURLcode& code) {
  if (!request.body.empty()) {
    Set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()), code);
    Set(curl, CURLOPT_POSTFIELDS, request.body.c_str(), code);
  }
  Set(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str(), code);
}

bool WasSent(CURL* curl) {
  long bytes = 0;
  return curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
}

absl::Status Failure(CURL* curl, CURLcode code, absl::string_view detail) {
  const std::string text(detail.empty() ? absl::string_view(curl_easy_strerror(code)) : detail);
  if (code == CURLE_WRITE_ERROR) {
    return absl::InternalError(
        absl::StrCat("its answer is longer than ", kLongestAnswer, " bytes"));
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
      code == CURLE_SSL_CACERT_BADFILE) {
    return absl::InternalError(absl::StrCat("it does not prove who it is: ", text));
  }
  if (!WasSent(curl)) return absl::UnavailableError(text);
  return absl::UnavailableError(
      absl::StrCat(text, ", so that nobody knows whether the request was carried out"));
}

}  // namespace

absl::StatusOr<HttpAnswer> HttpClient::Exchange(const HttpRequest& request, absl::Time deadline) {
  const absl::Duration left = deadline - clock_.Now();
  if (left <= absl::ZeroDuration()) return absl::UnavailableError("there was no time to ask");
  ASSIGN_OR_RETURN(const std::string user, ReadCredential(endpoint_.user_file));
  ASSIGN_OR_RETURN(const std::string password, ReadCredential(endpoint_.password_file));

  const Curl owner(curl_easy_init(), curl_easy_cleanup);
  CURL* const curl = owner.get();
  if (curl == nullptr) return absl::InternalError("libcurl cannot be used");
  // An empty "Expect:" keeps libcurl from asking first whether a long body is welcome.
  Headers headers(curl_slist_append(nullptr, "Expect:"), curl_slist_free_all);
  curl_slist_append(headers.get(), "Content-Type: application/json");

  const std::string url = absl::StrCat(endpoint_.url, request.path);
  std::array<char, CURL_ERROR_SIZE> detail{};
  HttpAnswer answer;
  CURLcode code = CURLE_OK;
  Set(curl, CURLOPT_ERRORBUFFER, detail.data(), code);
  Set(curl, CURLOPT_URL, url.c_str(), code);
  Set(curl, CURLOPT_USERNAME, user.c_str(), code);
  Set(curl, CURLOPT_PASSWORD, password.c_str(), code);
  Set(curl, CURLOPT_HTTPHEADER, headers.get(), code);
  Set(curl, CURLOPT_WRITEFUNCTION, &Keep, code);
  Set(curl, CURLOPT_WRITEDATA, static_cast<void*>(&answer.body), code);
  SetManners(curl, code);
  SetTls(curl, endpoint_, code);
  SetTimes(curl, left, code);
  SetBody(curl, request, code);
  if (code == CURLE_OK) {
    const NoBrokenPipe no_broken_pipe;
    code = curl_easy_perform(curl);
  }
  if (code != CURLE_OK) return Failure(curl, code, detail.data());
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace nvmeof::backend
