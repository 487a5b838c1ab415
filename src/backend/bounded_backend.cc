#include "backend/bounded_backend.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

// No place of an id is empty.
constexpr char kPlaceToBeFound[] = "";

}  // namespace

BoundedBackend::BoundedBackend(std::string name, CallBounds bounds,
                               std::unique_ptr<Backend> backend)
    : name_(std::move(name)), bounds_(bounds), backend_(std::move(backend)) {}

Abilities BoundedBackend::abilities() const { return backend_->abilities(); }

absl::StatusOr<Volume> BoundedBackend::Create(const CreateRequest& request, absl::Time deadline) {
  return Run(kPlaceToBeFound, [&] { return backend_->Create(request, deadline); });
}

absl::StatusOr<Volume> BoundedBackend::FindByName(const std::string& name, absl::Time deadline) {
  return Run(kPlaceToBeFound, [&] { return backend_->FindByName(name, deadline); });
}

absl::StatusOr<Volume> BoundedBackend::Get(const volume::VolumeId& id, absl::Time deadline) {
  return Run(id.place, [&] { return backend_->Get(id, deadline); });
}

absl::StatusOr<VolumeList> BoundedBackend::List(absl::Time deadline) {
  return Run(std::nullopt, [&] { return backend_->List(deadline); });
}

absl::Status BoundedBackend::Delete(const volume::VolumeId& id, absl::Time deadline) {
  return Run(id.place, [&] { return backend_->Delete(id, deadline); });
}

absl::StatusOr<std::int64_t> BoundedBackend::Expand(const volume::VolumeId& id,
                                                    const volume::SizeRange& size,
                                                    absl::Time deadline) {
  return Run(id.place, [&] { return backend_->Expand(id, size, deadline); });
}

absl::StatusOr<Volume> BoundedBackend::ExportTo(const volume::VolumeId& id, const Export& wanted,
                                                absl::Time deadline) {
  return Run(id.place, [&] { return backend_->ExportTo(id, wanted, deadline); });
}

absl::Status BoundedBackend::Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                      absl::Time deadline) {
  return Run(id.place, [&] { return backend_->Unexport(id, host, deadline); });
}

absl::StatusOr<Capacity> BoundedBackend::GetCapacity(const CapacityRequest& request,
                                                     absl::Time deadline) {
  return Run(std::nullopt, [&] { return backend_->GetCapacity(request, deadline); });
}

template <typename Ask>
auto BoundedBackend::Run(const Place& place, const Ask& ask) -> decltype(ask()) {
  RETURN_IF_ERROR(Begin(place));
  const absl::Cleanup end = [this, &place] { End(place); };
  return ask();
}

absl::Status BoundedBackend::Begin(const Place& place) {
  const absl::MutexLock lock(&mutex_);
  if (all_ >= bounds_.all) return Refusal(all_, "calls");
  if (place.has_value()) {
    if (about_volumes_ >= bounds_.about_volumes) {
      return Refusal(about_volumes_, "calls about volumes");
    }
    const auto here = at_place_.find(*place);
    if (here != at_place_.end() && here->second >= bounds_.at_one_place) {
      return Refusal(here->second, place->empty()
                                       ? "calls about new volumes"
                                       : absl::StrCat("calls about volumes at ", *place));
    }
    ++about_volumes_;
    ++at_place_[*place];
  }
  ++all_;
  return absl::OkStatus();
}

void BoundedBackend::End(const Place& place) {
  const absl::MutexLock lock(&mutex_);
  --all_;
  if (!place.has_value()) return;
  --about_volumes_;
  const auto here = at_place_.find(*place);
  if (--here->second == 0) at_place_.erase(here);
}

absl::Status BoundedBackend::Refusal(int running, const std::string& what) const {
  return absl::UnavailableError(absl::StrCat("backend ", name_, " has not yet answered ", running,
                                             " ", what, "; this one was not begun"));
}

}  // namespace nvmeof::backend
