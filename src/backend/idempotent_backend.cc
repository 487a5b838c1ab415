#include "backend/idempotent_backend.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "backend/words.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

std::string Describe(const volume::SizeRange& range) {
  std::vector<std::string> bounds;
  if (range.required_bytes > 0) bounds.push_back(absl::StrCat("at least ", range.required_bytes));
  if (range.limit_bytes > 0) bounds.push_back(absl::StrCat("at most ", range.limit_bytes));
  return absl::StrJoin(bounds, ", ");
}

absl::Status CheckSame(const Volume& volume, const CreateRequest& request) {
  std::vector<std::string> differences;
  if (!volume::Fits(volume.size_bytes, request.size)) {
    differences.push_back(
        absl::StrCat("it has ", volume.size_bytes, " bytes, asked for ", Describe(request.size)));
  }
  if (!SameWords(volume.fingerprint, request.fingerprint)) {
    differences.push_back(
        absl::StrCat("it was made with ", volume.fingerprint, ", asked for ", request.fingerprint));
  }
  if (!volume::IsAccessible(volume.reachable_from, request.accessibility)) {
    differences.push_back(absl::StrCat(
        "it is reached from nodes with ", volume::DescribeSegments(volume.reachable_from),
        ", asked for ", volume::DescribeAlternatives(request.accessibility.requisite)));
  }
  if (differences.empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(
      "volume ", request.name, " exists and differs: ", absl::StrJoin(differences, "; ")));
}

// What the storage system had no room for.
Volume InWordsOf(const CreateRequest& request, Volume volume) {
  if (volume.context.empty()) volume.context = request.context;
  return volume;
}

absl::string_view Describe(ExportMode mode) {
  return mode == ExportMode::kSingleNode ? "single-node" : "multi-node";
}

absl::Status CheckSame(const Export& present, const Export& wanted) {
  if (present.mode == wanted.mode && SameWords(present.fingerprint, wanted.fingerprint)) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(absl::StrCat(
      "exported to ", present.host.text(), " in another way: it is ", Describe(present.mode), " ",
      present.fingerprint, ", asked for ", Describe(wanted.mode), " ", wanted.fingerprint));
}

// A host that no volume is exported to.
volume::Nqn Nobody() { return *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:nobody"); }

}  // namespace

absl::StatusOr<Volume> IdempotentBackend::CreateOrGet(const CreateRequest& request,
                                                      absl::Time deadline) {
  absl::StatusOr<Volume> made = backend_.Create(request, deadline);
  if (made.ok()) return InWordsOf(request, *std::move(made));
  if (!absl::IsAlreadyExists(made.status())) return made;
  absl::StatusOr<Volume> found = backend_.FindByName(request.name, deadline);
  if (absl::IsNotFound(found.status())) {
    return absl::AbortedError(absl::StrCat("volume ", request.name, " was deleted meanwhile"));
  }
  RETURN_IF_ERROR(found.status());
  RETURN_IF_ERROR(CheckSame(*found, request));
  return InWordsOf(request, *std::move(found));
}

absl::Status IdempotentBackend::Delete(const volume::VolumeId& id, absl::Time deadline) {
  const absl::Status status = backend_.Delete(id, deadline);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::StatusOr<Volume> IdempotentBackend::ExportOrGet(const volume::VolumeId& id,
                                                      const Export& wanted, absl::Time deadline) {
  absl::StatusOr<Volume> exported = backend_.ExportTo(id, wanted, deadline);
  if (!absl::IsAlreadyExists(exported.status())) return exported;
  ASSIGN_OR_RETURN(Volume volume, backend_.Get(id, deadline));
  const auto present = std::find_if(volume.exports.begin(), volume.exports.end(),
                                    [&](const Export& other) { return other.host == wanted.host; });
  if (present == volume.exports.end()) {
    return absl::AbortedError(
        absl::StrCat("the export to ", wanted.host.text(), " was removed meanwhile"));
  }
  RETURN_IF_ERROR(CheckSame(*present, wanted));
  return volume;
}

absl::Status IdempotentBackend::Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                         absl::Time deadline) {
  const absl::Status status = backend_.Unexport(id, host, deadline);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status IdempotentBackend::UnexportFromAll(const volume::VolumeId& id, absl::Time deadline) {
  const absl::StatusOr<Volume> volume = backend_.Get(id, deadline);
  // Get also says NotFound of a place that the backend does not know; Unexport does not.
  if (absl::IsNotFound(volume.status())) return Unexport(id, Nobody(), deadline);
  RETURN_IF_ERROR(volume.status());
  absl::Status first;
  for (const Export& present : volume->exports) {
    first.Update(Unexport(id, present.host, deadline));
  }
  return first;
}

}  // namespace nvmeof::backend
