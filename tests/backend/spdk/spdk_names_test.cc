#include "backend/spdk/spdk_names.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

#include "backend/words.h"

namespace nvmeof::backend {
namespace {

TEST(SpdkNamesTest, LvolNameFitsAndIsReadAgain) {
  const LvolName name = {DigestOf("pvc-1"), DigestOf("thin")};
  EXPECT_LE(FormatLvolName(name).size(), 63);
  EXPECT_EQ(ParseLvolName(FormatLvolName(name)), name);
}

TEST(SpdkNamesTest, NamesOfOthersAreNotOurs) {
  const std::string ours = FormatLvolName({DigestOf("a"), DigestOf("b")});
  for (const std::string& other :
       {std::string("lvol0"), std::string("nvmeof-"), std::string("nvmeof-a-b"), ours + "-c",
        ours.substr(0, ours.size() - 1), "x" + ours, ours + "x"}) {
    EXPECT_EQ(ParseLvolName(other), std::nullopt) << other;
  }
}

TEST(SpdkNamesTest, ExportNoteIsANqnAndIsReadAgain) {
  for (const ExportMode mode : {ExportMode::kSingleNode, ExportMode::kMultiNode}) {
    const ExportNote note = {DigestOf("nqn.2014-08.org.nvmexpress:h"), mode, DigestOf("rw")};
    EXPECT_TRUE(volume::Nqn::Parse(FormatExportNote(note)).ok());
    EXPECT_EQ(ParseExportNote(FormatExportNote(note)), note);
  }
}

TEST(SpdkNamesTest, HostsAreNoNotes) {
  for (const char* host : {"nqn.2014-08.org.nvmexpress:uuid:7c43ac95-1990-49c4-ab64-b0e32e7184f4",
                           "nqn.2026-01.dev.nvmeof:export:a:single:b", ""}) {
    EXPECT_EQ(ParseExportNote(host), std::nullopt) << host;
  }
}

}  // namespace
}  // namespace nvmeof::backend
