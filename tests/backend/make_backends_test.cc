#include "backend/make_backends.h"

#include "gtest/gtest.h"

#include "backend/bounded_backend.h"
#include "backend/ceph/ceph_backend.h"
#include "backend/nvmet/nvmet_backend.h"
#include "backend/routeros/routeros_backend.h"
#include "backend/spdk/spdk_backend.h"
#include "tests/fakes/fake_clock.h"

namespace nvmeof::backend {
namespace {

BackendsConfig OneOfEach() {
  return {{{"fast", NvmetConfig{{{"agent-a", "192.0.2.1:4421"}}}},
           {"slow", SpdkConfig{"/spdk.sock", "store", {}}},
           {"far", CephConfig{}},
           {"rose", RouterosConfig{{}, "raid1", {}}}}};
}

template <typename Type>
bool Makes(const BackendConfig& config) {
  testing::FakeClock clock;
  return dynamic_cast<Type*>(MakeBackend(config, clock).get()) != nullptr;
}

TEST(MakeBackendsTest, MakesWhatTheTypeSays) {
  const BackendsConfig config = OneOfEach();
  EXPECT_TRUE(Makes<NvmetBackend>(config.backends[0]));
  EXPECT_TRUE(Makes<SpdkBackend>(config.backends[1]));
  EXPECT_TRUE(Makes<CephBackend>(config.backends[2]));
  EXPECT_TRUE(Makes<RouterosBackend>(config.backends[3]));
}

TEST(MakeBackendsTest, MakesEveryBackendInTheOrderOfTheFileAndBoundsIt) {
  testing::FakeClock clock;
  const BackendsConfig config = OneOfEach();
  const Backends backends = MakeBackends(config, /*callers=*/48, clock);
  ASSERT_EQ(backends.all().size(), config.backends.size());
  for (std::size_t i = 0; i < config.backends.size(); ++i) {
    EXPECT_EQ(backends.all()[i].name, config.backends[i].name);
    EXPECT_NE(dynamic_cast<BoundedBackend*>(backends.all()[i].backend.get()), nullptr);
  }
}

}  // namespace
}  // namespace nvmeof::backend
