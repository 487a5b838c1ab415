// TargetWorld: an agent's meanings over a pool and a kernel in memory and records in a temporary
// folder; its process can die and start again.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

#include "base/claims.h"
#include "base/units.h"
#include "target/exporter.h"
#include "target/provisioner.h"
#include "target/record_folder.h"
#include "target/room.h"
#include "target/volume_codec.h"
#include "target/volume_store.h"
#include "tests/fakes/effects.h"
#include "tests/fakes/fake_configfs.h"
#include "tests/fakes/fake_pool.h"
#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {

using base::kGiB;
using base::kMiB;

inline volume::Nqn HostNqn(absl::string_view name) {
  return *volume::Nqn::Parse(absl::StrCat("nqn.2014-08.org.example:", name));
}

// The folder's effects count among the world's; a crash of this world loses nothing that was
// written, so nothing waits for a disk.
class DyingRecordFolder final : public target::RecordFolder {
 public:
  DyingRecordFolder(std::string directory, Effects& effects)
      : RecordFolder(std::move(directory)), effects_(effects) {
    if (!Prepare().ok()) std::abort();
  }

 private:
  absl::Status Replace(const std::string& path, const std::string& content) override {
    const absl::Status leave = effects_.Do("record");
    if (leave.ok()) std::ofstream(path, std::ios::trunc) << content;
    return leave;
  }

  absl::Status Erase(const std::string& path) override {
    const absl::Status leave = effects_.Do("erase record");
    if (leave.ok()) std::filesystem::remove(path);
    return leave;
  }

  Effects& effects_;
};

class TargetWorld {
 public:
  // `data`: where the volumes lie, instead of `pool`; it outlives the world.
  explicit TargetWorld(target::Pool* data = nullptr) : data_(data == nullptr ? &pool : data) {
    std::filesystem::create_directory(directory_.File("records"));
    Start();
  }

  // A new process over the same disk and kernel.
  void Restart() {
    effects.Revive();
    Start();
    provisioner->Recover();
    exporter->Restore();
  }

  // The kernel has forgotten everything, too.
  void Reboot() {
    configfs.Reboot();
    Restart();
  }

  // A ready volume with the same identity in every world.
  std::string AddVolume(absl::string_view name = "data", std::int64_t bytes = kGiB) {
    const target::VolumeRecord record{
        .state = target::VolumeRecord::State::kReady,
        .uuid = *volume::Uuid::Parse(absl::StrCat("11111111-0000-4000-8000-00000000000", ++added_)),
        .nguid = *volume::Uuid::Parse(absl::StrCat("22222222-0000-4000-8000-00000000000", added_)),
        .name = std::string(name),
        .size_bytes = bytes,
        .provisioning = volume::Provisioning::kThin,
        .fingerprint = "asked",
        .context = {},
        .exports = {}};
    if (!data_->Create(record.Handle(), bytes, record.provisioning).ok()) std::abort();
    if (!store->Put(record).ok()) std::abort();
    effects.Forget();
    return record.Handle();
  }

  // A new process whose records of these volumes are gone, as with another folder.
  void LoseRecords(const std::vector<std::string>& handles) {
    for (const std::string& handle : handles) {
      std::filesystem::remove(directory_.File(absl::StrCat("records/", handle, ".json")));
    }
    Restart();
    effects.Forget();
  }

  target::VolumeRecord Record(const std::string& handle) const { return *store->Find(handle); }
  std::string Subsystem(const std::string& handle) const {
    return Record(handle).SubsystemNqn().text();
  }

  // Of the next start.
  target::ProvisionerOptions options;

  Effects effects;
  FakeConfigfs configfs{effects};
  FakePool pool{effects, 100 * kGiB};
  base::Claims claims;

  std::unique_ptr<DyingRecordFolder> folder;
  std::unique_ptr<target::VolumeStore> store;
  std::unique_ptr<target::Room> room;
  std::unique_ptr<target::Exporter> exporter;
  std::unique_ptr<target::Provisioner> provisioner;

 private:
  void Start() {
    provisioner.reset();
    exporter.reset();
    room.reset();
    store.reset();
    folder = std::make_unique<DyingRecordFolder>(directory_.File("records"), effects);
    store = *target::VolumeStore::Load(*folder);
    room = std::make_unique<target::Room>(*data_, *store, 10);
    const target::Storage storage{*data_, *store, claims};
    const std::vector<volume::Portal> portals = {{"tcp", "192.0.2.1", "4420"},
                                                 {"tcp", "2001:db8::1", "4420"}};
    exporter = std::make_unique<target::Exporter>(storage, configfs, target::Portals{portals, {}});
    provisioner = std::make_unique<target::Provisioner>(storage, *exporter, *room, options);
  }

  target::Pool* const data_;
  TemporaryDirectory directory_{TemporaryDirectory::InMemory()};
  int added_ = 0;
};

// What a call left behind, for comparing a disturbed run with an undisturbed one.
struct Remains {
  std::map<std::string, std::string> kernel;
  std::vector<target::VolumeRecord> records;
  std::map<std::string, FakePool::File> files;

  friend bool operator==(const Remains&, const Remains&) = default;
};

inline void PrintTo(const Remains& remains, std::ostream* out) {
  for (const auto& [path, value] : remains.kernel) *out << "\n  " << path << " = " << value;
  for (const target::VolumeRecord& record : remains.records) {
    *out << "\n  " << target::EncodeRecord(record);
  }
  for (const auto& [handle, file] : remains.files) *out << "\n  " << handle << " " << file.bytes;
}

inline Remains Look(const TargetWorld& world) {
  return {world.configfs.Snapshot(), world.store->All(), world.pool.files()};
}

}  // namespace nvmeof::testing
