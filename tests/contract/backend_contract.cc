#include "tests/contract/backend_contract.h"

#include <cstddef>
#include <thread>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "backend/words.h"
#include "tests/matchers/status_matchers.h"
#include "volume/uuid.h"

namespace nvmeof::testing {

using backend::CreateRequest;
using backend::Export;
using backend::ExportMode;
using backend::Volume;
using volume::VolumeId;

void ContractSubject::TakeDown(const std::string& place) { FAIL() << "cannot take down " << place; }
void ContractSubject::BringUp(const std::string& place) { FAIL() << "cannot bring up " << place; }

BackendContract::BackendContract()
    : subject_(GetParam().make()), mark_(volume::Uuid::Random().Hex().substr(0, 12)) {}

void BackendContract::TearDown() {
  BringAllUp();
  const absl::StatusOr<backend::VolumeList> list = backend().List(Deadline());
  ASSERT_OK(list);
  for (const Volume& volume : list->volumes) {
    if (!IsOurs(volume)) continue;
    for (const Export& present : volume.exports) {
      EXPECT_OK(backend().Unexport(volume.id, present.host, Deadline()));
    }
    EXPECT_OK(backend().Delete(volume.id, Deadline()));
  }
}

std::string BackendContract::Name(absl::string_view text) const {
  std::string name = absl::StrCat(text, mark_);
  const absl::MutexLock lock(&mutex_);
  names_.insert(name);
  return name;
}

bool BackendContract::IsOurs(const Volume& volume) const {
  const absl::MutexLock lock(&mutex_);
  return absl::c_any_of(
      names_, [&](const std::string& name) { return backend::SameWords(volume.name, name); });
}

CreateRequest BackendContract::Request(absl::string_view name) const {
  return {.name = Name(name),
          .size = {.required_bytes = unit(), .limit_bytes = unit()},
          .fingerprint = "made with these words",
          .context = {{"minPaths", "2"}, {"ioPolicy", "numa"}}};
}

bool BackendContract::TellsNoCapacity() {
  if (backend().abilities().capacity) return false;
  EXPECT_THAT(backend().GetCapacity({}, Deadline()), StatusIs(absl::StatusCode::kUnimplemented));
  return true;
}

bool BackendContract::LetsOneHostIn() {
  if (backend().abilities().several_hosts) return false;
  const VolumeId id = GivenAVolume("of-one-host").id;
  EXPECT_THAT(ExportTo(id, "a", ExportMode::kMultiNode),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Get(id).exports, ::testing::IsEmpty());
  return true;
}

std::vector<ExportMode> BackendContract::Modes() {
  if (!backend().abilities().several_hosts) return {ExportMode::kSingleNode};
  return {ExportMode::kSingleNode, ExportMode::kMultiNode};
}

volume::Nqn BackendContract::Host(absl::string_view name) {
  return *volume::Nqn::Parse(absl::StrCat("nqn.2014-08.org.nvmexpress.contract:", name));
}

absl::StatusOr<Volume> BackendContract::Create(const CreateRequest& request) {
  return backend().Create(request, Deadline());
}

absl::StatusOr<Volume> BackendContract::ExportTo(const VolumeId& id, absl::string_view host,
                                                 ExportMode mode) {
  return backend().ExportTo(id, {Host(host), mode, "published with these words"}, Deadline());
}

Volume BackendContract::GivenAVolume(absl::string_view name) {
  return Create(Request(name)).value();
}

Volume BackendContract::GivenAVolumeAt(const std::string& place) {
  for (const std::string& other : places()) {
    if (other != place) TakeDown(other);
  }
  Volume volume = GivenAVolume(place);
  BringAllUp();
  EXPECT_EQ(volume.id.place, place);
  return volume;
}

Volume BackendContract::Get(const VolumeId& id) { return backend().Get(id, Deadline()).value(); }

VolumeId BackendContract::AbsentId() {
  VolumeId id = GivenAVolume("absent").id;
  EXPECT_OK(backend().Delete(id, Deadline()));
  return id;
}

VolumeId BackendContract::DisplacedId() {
  VolumeId id = AbsentId();
  id.place = "no-such-place";
  return id;
}

void BackendContract::TakeAllDown() {
  for (const std::string& place : places()) subject_->TakeDown(place);
}

void BackendContract::BringAllUp() {
  for (const std::string& place : places()) subject_->BringUp(place);
}

std::vector<absl::Status> BackendContract::AtOnce(int threads,
                                                  const std::function<absl::Status(int)>& body) {
  std::vector<absl::Status> answers(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  running.reserve(answers.size());
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] { answers[static_cast<std::size_t>(i)] = body(i); });
  }
  for (std::thread& thread : running) thread.join();
  return answers;
}

bool BackendContract::Becomes(const std::function<bool()>& condition) {
  constexpr int kLooks = 500;
  constexpr absl::Duration kPause = absl::Milliseconds(20);
  for (int i = 0; i < kLooks; ++i) {
    if (condition()) return true;
    absl::SleepFor(kPause);
  }
  return false;
}

}  // namespace nvmeof::testing
