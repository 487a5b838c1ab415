#include "backend/backends.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace nvmeof::backend {

absl::StatusOr<Backend*> Backends::Find(absl::string_view name) const {
  Backend* const found = name.empty() ? backends_.front().backend.get() : Lookup(name);
  if (found != nullptr) return found;
  const std::string names = absl::StrJoin(
      backends_, ", ",
      [](std::string* out, const NamedBackend& backend) { absl::StrAppend(out, backend.name); });
  return absl::InvalidArgumentError(
      absl::StrCat("backend is '", name, "'; it may be one of: ", names));
}

absl::StatusOr<Backend*> Backends::FindOwner(const volume::VolumeId& id) const {
  Backend* const found = Lookup(id.backend);
  if (found != nullptr) return found;
  return absl::NotFoundError(absl::StrCat("there is no backend '", id.backend, "', where volume ",
                                          volume::FormatVolumeId(id), " lives"));
}

Backend* Backends::Lookup(absl::string_view name) const {
  for (const NamedBackend& backend : backends_) {
    if (backend.name == name) return backend.backend.get();
  }
  return nullptr;
}

}  // namespace nvmeof::backend
