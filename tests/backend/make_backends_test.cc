#include "backend/make_backends.h"

#include "gtest/gtest.h"

#include "backend/ceph/ceph_backend.h"
#include "backend/nvmet/nvmet_backend.h"
#include "backend/routeros/routeros_backend.h"
#include "backend/spdk/spdk_backend.h"
#include "tests/fakes/fake_clock.h"

namespace nvmeof::backend {
namespace {

TEST(MakeBackendsTest, MakesEveryBackendInTheOrderOfTheFile) {
  testing::FakeClock clock;
  const Backends backends = MakeBackends({{{"fast", NvmetConfig{{{"agent-a", "192.0.2.1:4421"}}}},
                                           {"slow", SpdkConfig{"/spdk.sock", "store", {}}},
                                           {"far", CephConfig{}},
                                           {"rose", RouterosConfig{{}, "raid1", {}}}}},
                                         clock);
  ASSERT_EQ(backends.all().size(), 4u);
  EXPECT_EQ(backends.all()[0].name, "fast");
  EXPECT_EQ(backends.all()[1].name, "slow");
  EXPECT_NE(dynamic_cast<NvmetBackend*>(backends.all()[0].backend.get()), nullptr);
  EXPECT_NE(dynamic_cast<SpdkBackend*>(backends.all()[1].backend.get()), nullptr);
  EXPECT_NE(dynamic_cast<CephBackend*>(backends.all()[2].backend.get()), nullptr);
  EXPECT_NE(dynamic_cast<RouterosBackend*>(backends.all()[3].backend.get()), nullptr);
}

}  // namespace
}  // namespace nvmeof::backend
