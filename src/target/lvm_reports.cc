#include "target/lvm_reports.h"

#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"

#include "base/status_macros.h"
#include "nvmeof/v1/lvm_report.pb.h"

namespace nvmeof::target {

const char kThinPoolColumns[] =
    "segtype,lv_size,data_percent,metadata_percent,lv_health_status,lv_when_full,zero,"
    "vg_extent_size";
const char kThinVolumeColumns[] = "lv_name,lv_size,data_percent,pool_lv,lv_tags,lv_active";

namespace {

constexpr std::size_t kLongestComplaint = 512;

// The lines of a document begin with punctuation, those for people with a word.
bool IsOfDocument(absl::string_view line) {
  line = absl::StripLeadingAsciiWhitespace(line);
  return !line.empty() && absl::StrContains("{}[],\"", line.substr(0, 1));
}

absl::StatusOr<v1::lvm::Report> Parse(absl::string_view output) {
  const std::string json = absl::StrJoin(absl::StrSplit(output, '\n', IsOfDocument), "\n");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  v1::lvm::Reports reports;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &reports, options);
  if (!parsed.ok() || reports.report_size() != 1) {
    return absl::InternalError(
        absl::StrCat("LVM's report is not understood: ", output.substr(0, kLongestComplaint)));
  }
  return reports.report(0);
}

absl::StatusOr<std::int64_t> Bytes(absl::string_view column, const std::string& text) {
  std::int64_t bytes = 0;
  if (absl::SimpleAtoi(text, &bytes) && bytes > 0) return bytes;
  return absl::InternalError(absl::StrCat("LVM's report has the ", column, " '", text, "'"));
}

absl::StatusOr<double> Percent(absl::string_view column, const std::string& text) {
  double percent = 0;
  if (absl::SimpleAtod(text, &percent) && percent >= 0 && percent <= 100) return percent;
  return absl::InternalError(absl::StrCat("LVM's report has the ", column, " '", text, "'"));
}

// Rounded up, as LVM rounds to hundredths of a percent.
std::int64_t Part(std::int64_t bytes, double percent) {
  constexpr double kRounding = 0.005;
  if (percent <= 0) return 0;
  const auto part =
      static_cast<std::int64_t>(static_cast<double>(bytes) / 100 * (percent + kRounding));
  return part < bytes ? part : bytes;
}

absl::StatusOr<ThinVolumeReport> VolumeFromReport(const v1::lvm::LogicalVolume& wire) {
  ThinVolumeReport volume;
  volume.name = wire.lv_name();
  ASSIGN_OR_RETURN(volume.bytes, Bytes("lv_size", wire.lv_size()));
  // Nobody knows what an inactive volume has.
  double used = 0;
  if (!wire.data_percent().empty()) {
    ASSIGN_OR_RETURN(used, Percent("data_percent", wire.data_percent()));
  }
  volume.used_bytes = Part(volume.bytes, used);
  volume.pool = wire.pool_lv();
  volume.tags = absl::StrSplit(wire.lv_tags(), ',', absl::SkipEmpty());
  volume.active = wire.lv_active() == "active";
  return volume;
}

// On one line, without LVM's good advice.
std::string Complaint(absl::string_view output) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(output, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || IsOfDocument(line) || absl::StartsWith(line, "WARNING:")) continue;
    lines.emplace_back(line);
  }
  return absl::StrJoin(lines, "; ").substr(0, kLongestComplaint);
}

struct Cause {
  absl::string_view words;
  absl::StatusCode code;
};

// The first that matches; as LVM 2.03 says it.
constexpr std::array kCauses = {
    Cause{"Can't get lock for", absl::StatusCode::kAborted},
    Cause{"contains a filesystem in use", absl::StatusCode::kAborted},
    Cause{" in use.", absl::StatusCode::kAborted},
    Cause{"is used by another device", absl::StatusCode::kAborted},
    Cause{"already exists in volume group", absl::StatusCode::kAlreadyExists},
    Cause{"reached threshold", absl::StatusCode::kResourceExhausted},
    Cause{"nsufficient free space", absl::StatusCode::kResourceExhausted},
    Cause{"Cannot process volume group", absl::StatusCode::kUnavailable},
    Cause{"Failed to find logical volume", absl::StatusCode::kNotFound},
    Cause{"not found in volume group", absl::StatusCode::kNotFound},
};

}  // namespace

absl::StatusOr<ThinPoolReport> ReadThinPool(absl::string_view output) {
  ASSIGN_OR_RETURN(const v1::lvm::Report report, Parse(output));
  if (report.lv().empty()) return absl::NotFoundError("LVM's report is empty");
  const v1::lvm::LogicalVolume& wire = report.lv(0);
  if (wire.segtype() != "thin-pool") {
    return absl::FailedPreconditionError(absl::StrCat("is of type ", wire.segtype()));
  }
  if (wire.data_percent().empty()) return absl::FailedPreconditionError("is not active");
  ThinPoolReport pool;
  ASSIGN_OR_RETURN(pool.bytes, Bytes("lv_size", wire.lv_size()));
  ASSIGN_OR_RETURN(const double used, Percent("data_percent", wire.data_percent()));
  pool.used_bytes = Part(pool.bytes, used);
  ASSIGN_OR_RETURN(pool.metadata_percent, Percent("metadata_percent", wire.metadata_percent()));
  ASSIGN_OR_RETURN(pool.extent_bytes, Bytes("vg_extent_size", wire.vg_extent_size()));
  pool.health = wire.lv_health_status();
  pool.zeroes = wire.zero() == "zero";
  pool.fails_when_full = wire.lv_when_full() == "error";
  return pool;
}

absl::StatusOr<std::vector<ThinVolumeReport>> ReadThinVolumes(absl::string_view output) {
  ASSIGN_OR_RETURN(const v1::lvm::Report report, Parse(output));
  std::vector<ThinVolumeReport> volumes;
  for (const v1::lvm::LogicalVolume& wire : report.lv()) {
    ASSIGN_OR_RETURN(ThinVolumeReport volume, VolumeFromReport(wire));
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

absl::Status LvmFailure(const base::CommandResult& result) {
  if (result.exit_code == 0) return absl::OkStatus();
  const std::string complaint = Complaint(result.output);
  const auto* const cause = absl::c_find_if(
      kCauses, [&complaint](const Cause& one) { return absl::StrContains(complaint, one.words); });
  return {cause == kCauses.end() ? absl::StatusCode::kInternal : cause->code,
          absl::StrCat("exit code ", result.exit_code, ": ", complaint)};
}

}  // namespace nvmeof::target
