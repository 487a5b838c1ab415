// TestCertificate: a certificate of this process alone, for tests of TLS.
#pragma once

#include <string>

namespace nvmeof::testing {

// PEM. It signed itself, so it is its own authority; it names "localhost".
struct TestCertificate {
  std::string certificate;
  std::string key;
};

// A new one at each call.
TestCertificate MakeTestCertificate();

}  // namespace nvmeof::testing
