#include "backend/http/http_endpoint.h"

#include <string>

#include "gtest/gtest.h"

namespace nvmeof::backend {
namespace {

TEST(HttpEndpointTest, KnowsUrls) {
  for (const char* url : {"https://router", "https://192.0.2.1:8443", "https://[2001:db8::1]:443",
                          "https://[2001:db8::1]", "https://router.example/a/b-c"}) {
    EXPECT_TRUE(IsHttpUrl(url, true)) << url;
    EXPECT_TRUE(IsHttpUrl(url, false)) << url;
  }
  EXPECT_TRUE(IsHttpUrl("http://127.0.0.1:8000", false));
  EXPECT_FALSE(IsHttpUrl("http://127.0.0.1:8000", true));
}

// A user in the URL would stand in messages.
TEST(HttpEndpointTest, RefusesWhatIsNoUrl) {
  for (const char* url :
       {"", "https://", "https:///a", "ftp://router", "router", "https://admin:secret@router",
        "https://router/", "https://router/a?b=c", "https://router/a#b",
        "https://router:", "https://router:a", "https://router:123456", "https://a b",
        "https://[::1", "https://[]", "https://::1", "https://router/\n"}) {
    EXPECT_FALSE(IsHttpUrl(url, false)) << url;
  }
}

TEST(HttpEndpointTest, KnowsPinnedKeys) {
  EXPECT_TRUE(IsPinnedKey("sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
  for (const char* key : {"", "sha256//", "sha256//AAAA", "sha256/47DEQpj8HBSa",
                          "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "key.pem"}) {
    EXPECT_FALSE(IsPinnedKey(key)) << key;
  }
}

}  // namespace
}  // namespace nvmeof::backend
