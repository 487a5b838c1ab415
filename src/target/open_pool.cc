#include "target/open_pool.h"

#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "target/file_pool.h"
#include "target/lvm_pool.h"
#include "target/stable_storage.h"

namespace nvmeof::target {
namespace {

absl::StatusOr<OpenedPool> OpenFolder(const volume::FolderPool& place) {
  ASSIGN_OR_RETURN(std::unique_ptr<FilePool> pool,
                   FilePool::Open(place.directory, RequireStableStorage));
  std::string records = pool->directory() + "/records";
  return OpenedPool{
      .pool = std::move(pool), .records_directory = std::move(records), .state = std::nullopt};
}

absl::StatusOr<OpenedPool> OpenThinPool(const volume::LvmThinPool& place,
                                        const std::string& state_directory,
                                        base::CommandRunner& runner, const base::Clock& clock) {
  RETURN_IF_ERROR(base::EnsureDirectory(state_directory));
  absl::StatusOr<OwnedFolder> owned = OwnedFolder::Open(state_directory);
  if (absl::IsFailedPrecondition(owned.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        owned.status().message(), "; each agent with an LVM pool wants its own --state-dir"));
  }
  ASSIGN_OR_RETURN(OwnedFolder state, std::move(owned));
  RETURN_IF_ERROR(RequireStableStorage(state.path()));
  ASSIGN_OR_RETURN(std::unique_ptr<LvmPool> pool, LvmPool::Open(place, runner, clock));
  std::string records = state.path() + "/records";
  return OpenedPool{
      .pool = std::move(pool), .records_directory = std::move(records), .state = std::move(state)};
}

}  // namespace

absl::StatusOr<OpenedPool> OpenPool(const volume::PoolPlace& place,
                                    const std::string& state_directory, base::CommandRunner& runner,
                                    const base::Clock& clock) {
  if (const auto* const folder = std::get_if<volume::FolderPool>(&place); folder != nullptr) {
    return OpenFolder(*folder);
  }
  return OpenThinPool(std::get<volume::LvmThinPool>(place), state_directory, runner, clock);
}

}  // namespace nvmeof::target
