#include "tests/fakes/fake_lvm.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace nvmeof::testing {
namespace {

using base::CommandResult;

constexpr absl::string_view kBare[] = {"--yes", "--nosuffix", "--ignoreactivationskip"};

CommandResult Failed(absl::string_view complaint) {
  return {.exit_code = 5, .output = absl::StrCat("  ", complaint, "\n")};
}

CommandResult Absent(absl::string_view object) {
  return Failed(absl::StrCat("Failed to find logical volume \"", object, "\""));
}

std::string Percent(std::int64_t part, std::int64_t whole) {
  return absl::StrFormat("%.2f", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::int64_t Bytes(const std::string& text) {
  std::int64_t bytes = 0;
  if (!absl::SimpleAtoi(absl::StripSuffix(text, "b"), &bytes) || bytes % 512 != 0) std::abort();
  return (bytes + FakeLvm::kExtent - 1) / FakeLvm::kExtent * FakeLvm::kExtent;
}

std::string Row(const std::string& columns, const std::map<std::string, std::string>& values) {
  std::vector<std::string> cells;
  for (const absl::string_view column : absl::StrSplit(columns, ',')) {
    cells.push_back(absl::StrCat("\"", column, "\":\"", values.at(std::string(column)), "\""));
  }
  return absl::StrCat("                  {", absl::StrJoin(cells, ", "), "}");
}

std::string VolumeRow(const std::string& columns, const std::string& name,
                      const FakeLvm::Volume& volume) {
  return Row(columns, {{"lv_name", name},
                       {"lv_size", absl::StrCat(volume.bytes)},
                       {"data_percent", volume.active ? Percent(volume.used, volume.bytes) : ""},
                       {"pool_lv", volume.pool},
                       {"lv_tags", volume.tags},
                       {"lv_active", volume.active ? "active" : ""}});
}

// Complaints go to another stream, which is not buffered.
CommandResult Document(const std::vector<std::string>& rows, const CommandResult& complaint = {}) {
  return {.exit_code = complaint.exit_code,
          .output = absl::StrCat("  {\n      \"report\": [\n", complaint.output,
                                 "          {\n              \"lv\": [\n",
                                 absl::StrJoin(rows, ",\n"), rows.empty() ? "" : "\n",
                                 "              ]\n          }\n      ]\n  }\n")};
}

}  // namespace

absl::StatusOr<CommandResult> FakeLvm::Run(const std::vector<std::string>& argv,
                                           absl::Time /*deadline*/) {
  if (const auto hook = this->hook(); hook) hook();
  const absl::MutexLock lock(&mutex_);
  if (argv.front() != "lvs") changes_.push_back(absl::StrJoin(argv, " "));
  if (auto next = next_.extract(argv.front()); !next.empty()) return std::move(next.mapped());
  return Answer(argv);
}

CommandResult FakeLvm::Answer(const std::vector<std::string>& argv) {
  const Arguments arguments = Parse(argv);
  if (argv.front() == "lvs") return Report(arguments);
  if (argv.front() == "lvcreate") return Create(arguments);
  if (argv.front() == "lvextend") return Extend(arguments);
  if (argv.front() == "lvchange") return Change(arguments);
  if (argv.front() == "lvremove") return Remove(arguments);
  std::abort();
}

FakeLvm::Arguments FakeLvm::Parse(const std::vector<std::string>& argv) {
  Arguments arguments;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (!absl::StartsWith(argv[i], "--")) {
      if (!arguments.object.empty()) std::abort();
      arguments.object = argv[i];
    } else if (std::find(std::begin(kBare), std::end(kBare), argv[i]) == std::end(kBare)) {
      arguments.options[argv[i]] = argv.at(i + 1);
      ++i;
    }
  }
  return arguments;
}

std::string FakeLvm::PoolRow(const std::string& columns) const {
  std::int64_t used = 0;
  for (const auto& [name, volume] : volumes_) used += volume.used;
  return Row(columns, {{"segtype", "thin-pool"},
                       {"lv_size", absl::StrCat(pool_.bytes)},
                       {"data_percent", pool_.active ? Percent(used, pool_.bytes) : ""},
                       {"metadata_percent", pool_.active ? pool_.metadata_percent : ""},
                       {"lv_health_status", pool_.health},
                       {"lv_when_full", pool_.when_full},
                       {"zero", pool_.zero},
                       {"vg_extent_size", absl::StrCat(kExtent)}});
}

CommandResult FakeLvm::Report(const Arguments& arguments) const {
  const std::string& columns = arguments.options.at("--options");
  if (arguments.object == "vg/thin") return Document({PoolRow(columns)});
  if (arguments.object == "vg") {
    if (arguments.options.at("--select") != "lv_tags=nvmeof-csi") std::abort();
    std::vector<std::string> rows;
    for (const auto& [name, volume] : volumes_) {
      if (volume.tags == "nvmeof-csi") rows.push_back(VolumeRow(columns, name, volume));
    }
    return Document(rows);
  }
  const auto found = volumes_.find(std::string(absl::StripPrefix(arguments.object, "vg/")));
  if (found == volumes_.end()) return Document({}, Absent(arguments.object));
  return Document({VolumeRow(columns, found->first, found->second)});
}

CommandResult FakeLvm::Create(const Arguments& arguments) {
  const std::string& name = arguments.options.at("--name");
  if (arguments.object != "vg" || arguments.options.at("--thinpool") != "thin") std::abort();
  if (volumes_.contains(name)) {
    return Failed(
        absl::StrCat("Logical Volume \"", name, R"(" already exists in volume group "vg")"));
  }
  volumes_[name] = {.bytes = Bytes(arguments.options.at("--virtualsize")),
                    .tags = arguments.options.at("--addtag")};
  return {.output = absl::StrCat(
              "  WARNING: Sum of all thin volume sizes (4.01 GiB) exceeds the size of thin pool "
              "vg/thin and the size of whole volume group (<3.00 GiB).\n  Logical volume \"",
              name, "\" created.\n")};
}

CommandResult FakeLvm::Extend(const Arguments& arguments) {
  const std::string name(absl::StripPrefix(arguments.object, "vg/"));
  if (!volumes_.contains(name)) {
    return Failed(absl::StrCat("Logical volume ", name, " not found in volume group vg."));
  }
  const std::int64_t bytes = Bytes(arguments.options.at("--size"));
  if (bytes <= volumes_[name].bytes) {
    return Failed("New size (3 extents) matches existing size (3 extents).");
  }
  volumes_[name].bytes = bytes;
  return {.output = absl::StrCat("  Logical volume vg/", name, " successfully resized.\n")};
}

CommandResult FakeLvm::Change(const Arguments& arguments) {
  if (arguments.options.at("--activate") != "y") std::abort();
  const std::string name(absl::StripPrefix(arguments.object, "vg/"));
  if (name == "thin") {
    pool_.active = true;
    return {};
  }
  if (!volumes_.contains(name)) return Absent(arguments.object);
  volumes_[name].active = true;
  return {};
}

CommandResult FakeLvm::Remove(const Arguments& arguments) {
  const std::string name(absl::StripPrefix(arguments.object, "vg/"));
  if (!volumes_.contains(name)) return Absent(arguments.object);
  if (volumes_[name].open) return Failed(absl::StrCat("Logical volume vg/", name, " in use."));
  volumes_.erase(name);
  return {.output = absl::StrCat("  Logical volume \"", name, "\" successfully removed.\n")};
}

}  // namespace nvmeof::testing
