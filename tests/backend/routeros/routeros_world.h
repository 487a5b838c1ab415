// What the tests of RouterosBackend begin with.
#pragma once

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

#include "backend/idempotent_backend.h"
#include "backend/routeros/routeros_backend.h"
#include "base/units.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_routeros.h"

namespace nvmeof::backend {

class RouterosWorld : public ::testing::Test {
 protected:
  static volume::Nqn Host(const std::string& name) {
    return *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:" + name);
  }
  CreateRequest Request() const {
    return {.name = "pvc-1",
            .size = {.required_bytes = 16 * base::kMiB},
            .fingerprint = "words",
            .context = {{"minPaths", "1"}}};
  }
  Export Wanted() const { return {Host("a"), ExportMode::kSingleNode, "rw"}; }

  Volume GivenAVolume() { return backend_.Create(Request(), deadline_).value(); }
  Volume GivenAnExport() {
    return backend_.ExportTo(GivenAVolume().id, Wanted(), deadline_).value();
  }
  static std::string SlotOf(const volume::VolumeId& id) { return "nvmeof-" + id.handle; }
  testing::FakeRouteros::Item DiskOf(const volume::VolumeId& id) {
    return router_.disks()[SlotOf(id)];
  }
  // The router starts anew once the n-th request from now has its answer, and is away for a while.
  void GivenARebootAfter(int n) {
    router_.After(n, [this] {
      router_.Restart();
      clock_.Advance(absl::Seconds(20));
    });
  }

  const absl::Time deadline_ = absl::InfiniteFuture();
  testing::FakeClock clock_;
  testing::FakeRouteros router_;
  RouterosBackend backend_{
      "rose",
      {.router = {},
       .disk = "raid1",
       .portals = {{"tcp", "192.0.2.1", "4421"}, {"tcp", "192.0.2.2", "4421"}}},
      router_.Connect(),
      clock_};
  IdempotentBackend idempotent_{backend_};
};

}  // namespace nvmeof::backend
