// BackendContract: every sentence of backend/backend.h as a test that any Backend passes.
//
// A program that links nvmeof_backend_contract and instantiates the suite runs it on its backend:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, BackendContract, ::testing::Values(ContractCase{
//       "Memory", [] { return std::make_unique<MemorySubject>(); }}));
//
// A backend of several places instantiates PlacesContract as well, and links
// nvmeof_places_contract.
//
// The backend may hold volumes of others before, meanwhile and afterwards; the suite removes its
// own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "backend/backend.h"

namespace nvmeof::testing {

// What the suite needs to know of a backend. One is made for each test.
class ContractSubject {
 public:
  virtual ~ContractSubject() = default;

  virtual backend::Backend& backend() = 0;

  // What another controller has of the same storage system; the same as backend() where only one
  // at a time may work on it.
  virtual backend::Backend& other_controller() { return backend(); }

  // For the next call.
  virtual absl::Time Deadline() = 0;

  // The size of the suite's volumes: a power of two, a multiple of the backend's granularity, and
  // not under its minimum. There is room for sixteen in each place.
  virtual std::int64_t volume_bytes() const { return std::int64_t{16} << 20; }

  // The places that can be taken down and brought up again. The backend reaches a place when
  // BringUp returns.
  virtual std::vector<std::string> places() const { return {}; }
  virtual void TakeDown(const std::string& place);
  virtual void BringUp(const std::string& place);
};

struct ContractCase {
  std::string name;
  std::function<std::unique_ptr<ContractSubject>()> make;
};

inline void PrintTo(const ContractCase& value, std::ostream* out) { *out << value.name; }

class BackendContract : public ::testing::TestWithParam<ContractCase> {
 protected:
  BackendContract();
  // Removes what the test made.
  void TearDown() override;

  backend::Backend& backend() { return subject_->backend(); }
  backend::Backend& other_controller() { return subject_->other_controller(); }
  absl::Time Deadline() { return subject_->Deadline(); }
  std::int64_t unit() const { return subject_->volume_bytes(); }

  // `text` with a mark of this test behind it, so that names of different runs never meet.
  std::string Name(absl::string_view text) const;
  // Exactly one unit.
  backend::CreateRequest Request(absl::string_view name) const;
  // For cases about an ability: true when the backend has not got it, after a look that it says so.
  bool TellsNoCapacity();
  bool LetsOneHostIn();

  // How hosts can be let in.
  std::vector<backend::ExportMode> Modes();
  static volume::Nqn Host(absl::string_view name);

  absl::StatusOr<backend::Volume> Create(const backend::CreateRequest& request);
  absl::StatusOr<backend::Volume> ExportTo(
      const volume::VolumeId& id, absl::string_view host,
      backend::ExportMode mode = backend::ExportMode::kSingleNode);

  // Volumes of one unit; the test ends when one cannot be made or read.
  backend::Volume GivenAVolume(absl::string_view name = "given");
  backend::Volume GivenAVolumeAt(const std::string& place);
  backend::Volume Get(const volume::VolumeId& id);
  // An id that named a volume until it was deleted.
  volume::VolumeId AbsentId();
  // An id of this backend with a place that it does not have.
  volume::VolumeId DisplacedId();

  // For tests of places that are down.
  std::vector<std::string> places() const { return subject_->places(); }
  void TakeDown(const std::string& place) { subject_->TakeDown(place); }
  void TakeAllDown();
  void BringAllUp();

  // Runs body(0), body(1), ... on threads at once and returns what they answered.
  static std::vector<absl::Status> AtOnce(int threads,
                                          const std::function<absl::Status(int)>& body);

  // True as soon as `condition` is, false when it is not within ten seconds: for what a storage
  // system does after its answer, such as giving blocks back.
  static bool Becomes(const std::function<bool()>& condition);

 private:
  bool IsOurs(const backend::Volume& volume) const;

  const std::unique_ptr<ContractSubject> subject_;
  const std::string mark_;
  mutable absl::Mutex mutex_;
  mutable std::set<std::string> names_ ABSL_GUARDED_BY(mutex_);  // given out by Name
};

// What a backend of two or more places promises while some of them are down.
class PlacesContract : public BackendContract {};

}  // namespace nvmeof::testing
