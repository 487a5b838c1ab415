// MemoryRecordFiles: a folder of records in memory, whose changes count as effects.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "base/record_files.h"
#include "tests/fakes/effects.h"

namespace nvmeof::testing {

// Internally synchronised. Borrows the effects. `kind` is the word for its records in their names:
// "record write v1.json".
class MemoryRecordFiles final : public base::RecordFiles {
 public:
  MemoryRecordFiles(std::string kind, Effects& effects)
      : kind_(std::move(kind)), effects_(effects) {}

  // What somebody else wrote there.
  void Plant(const std::string& name, std::string content) {
    const absl::MutexLock lock(&mutex_);
    files_[name] = std::move(content);
  }

  absl::StatusOr<std::vector<std::string>> Names() const override {
    const absl::MutexLock lock(&mutex_);
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) names.push_back(name);
    return names;
  }

  absl::StatusOr<std::string> Read(const std::string& name) const override {
    const absl::MutexLock lock(&mutex_);
    const auto found = files_.find(name);
    if (found == files_.end()) return absl::NotFoundError(name);
    return found->second;
  }

  absl::Status Write(const std::string& name, absl::string_view content) override {
    if (absl::Status leave = Leave(" write ", name); !leave.ok()) return leave;
    const absl::MutexLock lock(&mutex_);
    files_[name] = std::string(content);
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& name) override {
    {
      const absl::MutexLock lock(&mutex_);
      if (!files_.contains(name)) return absl::OkStatus();
    }
    if (absl::Status leave = Leave(" erase ", name); !leave.ok()) return leave;
    const absl::MutexLock lock(&mutex_);
    files_.erase(name);
    return absl::OkStatus();
  }

  absl::Status SetAside(const std::string& name) override {
    if (absl::Status leave = Leave(" set-aside ", name); !leave.ok()) return leave;
    const absl::MutexLock lock(&mutex_);
    const auto found = files_.find(name);
    if (found == files_.end()) return absl::NotFoundError(name);
    files_[absl::StrCat(name, ".unreadable")] = std::move(found->second);
    files_.erase(found);
    return absl::OkStatus();
  }

 private:
  absl::Status Leave(absl::string_view verb, const std::string& name) {
    return effects_.Do(absl::StrCat(kind_, verb, name));
  }

  const std::string kind_;
  Effects& effects_;

  mutable absl::Mutex mutex_;
  std::map<std::string, std::string> files_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
