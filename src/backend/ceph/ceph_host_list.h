// The list of hosts that a gateway keeps for a subsystem or a namespace, which holds our notes, too
// (backend/export_note.h). Pure.
#pragma once

#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/export_note.h"

namespace nvmeof::backend {

// NQNs, whoever let them in.
using CephHostList = std::vector<std::string>;

[[nodiscard]] bool Includes(const CephHostList& hosts, const std::string& host);

// Of hosts, in the order of the list. One that somebody else let in has no note: it excludes
// others. Fingerprints are digests.
[[nodiscard]] std::vector<Export> ExportsIn(const CephHostList& hosts);

[[nodiscard]] std::vector<ExportNote> NotesAbout(const CephHostList& hosts,
                                                 const std::string& host);

// The note that says how this export was wanted.
[[nodiscard]] ExportNote NoteOf(const Export& wanted);

}  // namespace nvmeof::backend
