#include "backend/export_note.h"

#include <optional>

#include "gtest/gtest.h"

#include "backend/words.h"
#include "volume/nqn.h"

namespace nvmeof::backend {
namespace {

TEST(ExportNoteTest, IsANqnAndIsReadAgain) {
  for (const ExportMode mode : {ExportMode::kSingleNode, ExportMode::kMultiNode}) {
    const ExportNote note = {DigestOf("nqn.2014-08.org.nvmexpress:h"), mode, DigestOf("rw")};
    EXPECT_TRUE(volume::Nqn::Parse(FormatExportNote(note)).ok());
    EXPECT_EQ(ParseExportNote(FormatExportNote(note)), note);
  }
}

TEST(ExportNoteTest, HostsAreNoNotes) {
  for (const char* host : {"nqn.2014-08.org.nvmexpress:uuid:7c43ac95-1990-49c4-ab64-b0e32e7184f4",
                           "nqn.2026-01.dev.nvmeof:export:a:single:b", ""}) {
    EXPECT_EQ(ParseExportNote(host), std::nullopt) << host;
  }
}

}  // namespace
}  // namespace nvmeof::backend
