// HttpEndpoint: where an HTTP server is, how it proves who it is, and where our credentials are.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace nvmeof::backend {

// Secrets stay in their files: they are mounted from a Secret and may change at any time.
struct HttpEndpoint {
  std::string url;            // IsHttpUrl
  std::string user_file;      // paths
  std::string password_file;  //
  // The certificates that sign the server's own; its name must be that of the URL, too. Empty: with
  // a pinned key that key alone decides, without one the certificates of this machine sign.
  std::string ca_file;
  std::string pinned_key;  // IsPinnedKey; empty = none

  friend bool operator==(const HttpEndpoint&, const HttpEndpoint&) = default;
};

// "https://host", also with ":port" and "/path", an IPv6 address in brackets; "http" where TLS is
// not required. No user, no query, no slash at the end.
[[nodiscard]] bool IsHttpUrl(absl::string_view text, bool require_tls);
inline constexpr char kHttpUrlForm[] = "http[s]://<host>[:<port>][/<path>]";
inline constexpr char kHttpsUrlForm[] = "https://<host>[:<port>][/<path>]";

// "sha256//" and 32 bytes as base64: the SHA-256 of the server's public key, in its DER form.
[[nodiscard]] bool IsPinnedKey(absl::string_view text);
inline constexpr char kPinnedKeyForm[] = "sha256//<base64 of 32 bytes>";

}  // namespace nvmeof::backend
