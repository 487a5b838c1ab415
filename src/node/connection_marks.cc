#include "node/connection_marks.h"

#include <cstdint>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "node/record_codec.h"
#include "node/retry.h"
#include "nvmeof/v1/connection_marks.pb.h"

namespace nvmeof::node {
namespace {

constexpr std::uint32_t kMarksVersion = 1;

v1::ConnectionMarks::Path Encode(const volume::Path& path) {
  v1::ConnectionMarks::Path out;
  out.set_portal(volume::FormatPortal(path.portal));
  out.set_host_address(path.host.address);
  out.set_host_interface(path.host.interface);
  return out;
}

absl::StatusOr<volume::Path> Decode(const v1::ConnectionMarks::Path& in) {
  ASSIGN_OR_RETURN(volume::Portal portal, volume::ParsePortal(in.portal()));
  return volume::Path{std::move(portal), {in.host_address(), in.host_interface()}};
}

}  // namespace

absl::StatusOr<ConnectionMarks> ConnectionMarks::Open(base::RecordFiles& files,
                                                      std::string boot_id) {
  BySubsystem marks;
  std::vector<std::string> old;
  const auto read = [&](const std::string& name, const std::string& json) -> absl::Status {
    v1::ConnectionMarks in;
    RETURN_IF_ERROR(ParseRecord(json, in));
    if (in.version() != kMarksVersion) {
      return absl::DataLossError(
          absl::StrCat("version ", in.version(), ", we know ", kMarksVersion));
    }
    ASSIGN_OR_RETURN(const volume::Nqn subsystem, volume::Nqn::Parse(in.subsystem()));
    if (RecordFileName(subsystem.text()) != name) {
      return absl::DataLossError(absl::StrCat("it speaks of ", subsystem.text()));
    }
    std::vector<volume::Path> paths;
    for (const v1::ConnectionMarks::Path& each : in.paths()) {
      ASSIGN_OR_RETURN(volume::Path path, Decode(each));
      paths.push_back(std::move(path));
    }
    if (in.boot_id() != boot_id) {
      old.push_back(name);
    } else {
      marks.emplace(subsystem.text(), std::move(paths));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadRecords(files, "connection mark", read));
  for (const std::string& name : old) {
    // They are passed over at the next start, too.
    if (const absl::Status removed = files.Remove(name); !removed.ok()) {
      base::Log(base::Level::kWarning, "an old connection mark stays",
                {{"file", name}, {"why", std::string(removed.message())}});
    }
  }
  return ConnectionMarks(files, std::move(boot_id), std::move(marks));
}

ConnectionMarks::ConnectionMarks(base::RecordFiles& files, std::string boot_id, BySubsystem marks)
    : files_(files), boot_id_(std::move(boot_id)), marks_(std::move(marks)) {}

// Only Open moves one, before any other thread knows it.
ConnectionMarks::ConnectionMarks(ConnectionMarks&& other) noexcept ABSL_NO_THREAD_SAFETY_ANALYSIS
    : files_(other.files_),
      boot_id_(other.boot_id_),
      marks_(std::move(other.marks_)) {}

std::optional<std::vector<volume::Path>> ConnectionMarks::Of(const volume::Nqn& subsystem) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = marks_.find(subsystem.text());
  if (found == marks_.end()) return std::nullopt;
  return found->second;
}

std::vector<volume::Nqn> ConnectionMarks::Subsystems() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<volume::Nqn> subsystems;
  subsystems.reserve(marks_.size());
  for (const auto& [nqn, paths] : marks_) subsystems.push_back(*volume::Nqn::Parse(nqn));
  return subsystems;
}

absl::Status ConnectionMarks::Add(const volume::Nqn& subsystem,
                                  const std::vector<volume::Path>& paths) {
  const absl::MutexLock writing(&writing_);
  const std::optional<std::vector<volume::Path>> before = Of(subsystem);
  std::vector<volume::Path> all = before.value_or(std::vector<volume::Path>{});
  for (const volume::Path& path : paths) {
    if (!absl::c_linear_search(all, path)) all.push_back(path);
  }
  if (before == all) return absl::OkStatus();
  return Put(subsystem, std::move(all));
}

absl::Status ConnectionMarks::Remove(const volume::Nqn& subsystem, const volume::Path& path) {
  const absl::MutexLock writing(&writing_);
  std::optional<std::vector<volume::Path>> paths = Of(subsystem);
  if (!paths.has_value() || !absl::c_linear_search(*paths, path)) return absl::OkStatus();
  std::erase(*paths, path);
  return Put(subsystem, *std::move(paths));
}

absl::Status ConnectionMarks::Clear(const volume::Nqn& subsystem) {
  const absl::MutexLock writing(&writing_);
  const std::optional<std::vector<volume::Path>> paths = Of(subsystem);
  return paths.has_value() && !paths->empty() ? Put(subsystem, {}) : absl::OkStatus();
}

absl::Status ConnectionMarks::Forget(const volume::Nqn& subsystem,
                                     const std::function<bool()>& unwanted) {
  const absl::MutexLock writing(&writing_);
  const std::optional<std::vector<volume::Path>> paths = Of(subsystem);
  if ((paths.has_value() && !paths->empty()) || !unwanted()) return absl::OkStatus();
  RETURN_IF_ERROR(AskAgain(files_.Remove(RecordFileName(subsystem.text()))));
  const absl::MutexLock lock(&mutex_);
  if (const auto found = marks_.find(subsystem.text()); found != marks_.end()) marks_.erase(found);
  return absl::OkStatus();
}

absl::Status ConnectionMarks::Put(const volume::Nqn& subsystem, std::vector<volume::Path> paths) {
  v1::ConnectionMarks out;
  out.set_version(kMarksVersion);
  out.set_subsystem(subsystem.text());
  out.set_boot_id(boot_id_);
  for (const volume::Path& path : paths) *out.add_paths() = Encode(path);
  ASSIGN_OR_RETURN(const std::string json, PrintRecord(out));
  RETURN_IF_ERROR(AskAgain(files_.Write(RecordFileName(subsystem.text()), json)));
  const absl::MutexLock lock(&mutex_);
  marks_.insert_or_assign(subsystem.text(), std::move(paths));
  return absl::OkStatus();
}

}  // namespace nvmeof::node
