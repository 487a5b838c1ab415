// TestCertificate: a certificate of this process alone, for tests of TLS.
#pragma once

#include <string>

namespace nvmeof::testing {

// PEM. It signed itself, so it is its own authority.
struct TestCertificate {
  std::string certificate;
  std::string key;
  std::string pinned_key;  // "sha256//...", of the public key
};

// A new one at each call. `name` is a subject alternative name: "DNS:localhost", "IP:127.0.0.1".
TestCertificate MakeTestCertificate(const std::string& name);

}  // namespace nvmeof::testing
