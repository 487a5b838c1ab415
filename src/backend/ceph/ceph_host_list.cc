#include "backend/ceph/ceph_host_list.h"

#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"

#include "backend/words.h"
#include "volume/nqn.h"

namespace nvmeof::backend {

bool Includes(const CephHostList& hosts, const std::string& host) {
  return absl::c_linear_search(hosts, host);
}

std::vector<Export> ExportsIn(const CephHostList& hosts) {
  std::vector<Export> exports;
  for (const std::string& each : hosts) {
    if (ParseExportNote(each).has_value()) continue;
    absl::StatusOr<volume::Nqn> host = volume::Nqn::Parse(each);
    if (!host.ok()) continue;
    Export present = {*std::move(host), ExportMode::kSingleNode, ""};
    const std::vector<ExportNote> notes = NotesAbout(hosts, each);
    if (!notes.empty()) {
      present.mode = notes.front().mode;
      present.fingerprint = notes.front().fingerprint;
    }
    exports.push_back(std::move(present));
  }
  return exports;
}

std::vector<ExportNote> NotesAbout(const CephHostList& hosts, const std::string& host) {
  std::vector<ExportNote> notes;
  for (const std::string& each : hosts) {
    std::optional<ExportNote> note = ParseExportNote(each);
    if (note.has_value() && note->host == DigestOf(host)) notes.push_back(*std::move(note));
  }
  return notes;
}

ExportNote NoteOf(const Export& wanted) {
  return {DigestOf(wanted.host.text()), wanted.mode, DigestOf(wanted.fingerprint)};
}

}  // namespace nvmeof::backend
