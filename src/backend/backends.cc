#include "backend/backends.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace nvmeof::backend {

absl::StatusOr<const NamedBackend*> Backends::Find(absl::string_view name) const {
  const NamedBackend* const found = name.empty() ? &backends_.front() : Lookup(name);
  if (found != nullptr) return found;
  const std::string names = absl::StrJoin(
      backends_, ", ",
      [](std::string* out, const NamedBackend& backend) { absl::StrAppend(out, backend.name); });
  return absl::InvalidArgumentError(
      absl::StrCat("backend is '", name, "'; it may be one of: ", names));
}

absl::StatusOr<Backend*> Backends::FindOwner(const volume::VolumeId& id) const {
  const NamedBackend* const found = Lookup(id.backend);
  if (found != nullptr) return found->backend.get();
  return absl::NotFoundError(absl::StrCat("there is no backend '", id.backend, "', where volume ",
                                          volume::FormatVolumeId(id), " lives"));
}

const NamedBackend* Backends::Lookup(absl::string_view name) const {
  for (const NamedBackend& backend : backends_) {
    if (backend.name == name) return &backend;
  }
  return nullptr;
}

}  // namespace nvmeof::backend
