#include "server/health.h"

#include "gtest/gtest.h"

namespace nvmeof::server {
namespace {

TEST(HealthPagesTest, EachPageIsItsOwnCheck) {
  const auto pages = HealthPages([] { return absl::OkStatus(); },
                                 [] { return absl::UnavailableError("no module nvme-fabrics"); });
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages.at("/healthz")().status, 200);
  EXPECT_EQ(pages.at("/healthz")().text, "ok\n");
  EXPECT_EQ(pages.at("/readyz")().status, 503);
  EXPECT_EQ(pages.at("/readyz")().text, "no module nvme-fabrics\n");
}

TEST(HealthPagesTest, TheReasonIsOneLine) {
  const auto pages =
      HealthPages([] { return absl::InternalError("a\r\nb\nc"); }, [] { return absl::OkStatus(); });
  EXPECT_EQ(pages.at("/healthz")().text, "a  b c\n");
}

}  // namespace
}  // namespace nvmeof::server
