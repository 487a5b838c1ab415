#include "tests/fakes/fake_routeros.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

#include "base/json.h"
#include "base/status_macros.h"

namespace nvmeof::testing {
namespace {

using backend::HttpAnswer;
using backend::HttpRequest;
using Item = FakeRouteros::Item;

constexpr char kRaid[] = "raid1";
constexpr char kFolder[] = "raid1/";

std::string Get(const Item& item, const std::string& key) {
  const auto found = item.find(key);
  return found == item.end() ? "" : found->second;
}

std::string Json(const Item& item) {
  return absl::StrCat("{",
                      absl::StrJoin(item, ",",
                                    [](std::string* out, const auto& entry) {
                                      absl::StrAppend(out, base::QuoteJson(entry.first), ":",
                                                      base::QuoteJson(entry.second));
                                    }),
                      "}");
}

Item ParseItem(const std::string& json) {
  google::protobuf::Struct message;
  Item item;
  if (!google::protobuf::util::JsonStringToMessage(json, &message).ok()) return item;
  for (const auto& [key, value] : message.fields()) item[key] = value.string_value();
  return item;
}

HttpAnswer Refuse(const std::string& detail) {
  return {400, absl::StrCat(R"({"error":400,"message":"Bad Request","detail":)",
                            base::QuoteJson(detail), "}")};
}

// "yes" is written, "true" is shown.
std::string Shown(const std::string& value) {
  return value == "yes" ? "true" : value == "no" ? "false" : value;
}

std::string FileOf(const Item& values) {
  return std::string(absl::StripPrefix(Get(values, "file-path"), "/"));
}

// Of a disk as it is shown; nothing when hosts cannot see it.
std::optional<FakeRouterosExport> ExportOf(const Item& shown) {
  if (Get(shown, "nvme-tcp-export") != "true") return std::nullopt;
  return FakeRouterosExport{.file = FileOf(shown),
                            .host = Get(shown, "nvme-tcp-server-allow-host-name"),
                            .port = Get(shown, "nvme-tcp-server-port")};
}

std::string IdOf(int number) { return absl::StrCat("*", absl::Hex(number)); }

std::int64_t BytesOf(const std::string& text) {
  std::int64_t bytes = 0;
  return absl::SimpleAtoi(text, &bytes) ? bytes : 0;
}

}  // namespace

class FakeRouteros::Transport final : public backend::HttpTransport {
 public:
  explicit Transport(FakeRouteros& router) : router_(router) {}
  absl::StatusOr<HttpAnswer> Exchange(const HttpRequest& request, absl::Time) override {
    return router_.Exchange(request);
  }
  std::string Describe() const override { return "fake router"; }

 private:
  FakeRouteros& router_;
};

FakeRouteros::FakeRouteros(std::int64_t disk_bytes, RouterosEffects* effects)
    : disk_bytes_(disk_bytes), effects_(effects) {}

std::unique_ptr<backend::HttpTransport> FakeRouteros::Connect() {
  return std::make_unique<Transport>(*this);
}

void FakeRouteros::Restart() {
  const absl::MutexLock lock(&mutex_);
  // The only one gets a new id.
  std::string disks = absl::StrCat(++last_number_);
  for (auto& [slot, disk] : disks_) std::swap(disk.values["number"], disks);
  if (disks_.size() > 1) std::swap(disks_.begin()->second.values["number"], disks);
  int files = ++last_number_;
  for (auto& [path, number] : files_) std::swap(number, files);
  if (files_.size() > 1) std::swap(files_.begin()->second, files);
  connected_.clear();
}

void FakeRouteros::After(int n, std::function<void()> then) {
  const absl::MutexLock lock(&mutex_);
  until_then_ = n;
  then_ = std::move(then);
}

void FakeRouteros::FailAt(int n, Fault fault) {
  const absl::MutexLock lock(&mutex_);
  until_fault_ = n;
  fault_ = fault;
}

void FakeRouteros::SetUnmounted(bool unmounted) {
  const absl::MutexLock lock(&mutex_);
  unmounted_ = unmounted;
}

void FakeRouteros::SetDelay(int looks) {
  const absl::MutexLock lock(&mutex_);
  delay_ = looks;
}

void FakeRouteros::Meddle(const std::string& slot, const std::function<void(Item&)>& change) {
  const absl::MutexLock lock(&mutex_);
  Settle();
  Disk& disk = disks_[slot];
  if (disk.values.empty()) disk.values["number"] = absl::StrCat(++last_number_);
  change(disk.values);
}

void FakeRouteros::Rename(const std::string& slot, const std::string& other) {
  const absl::MutexLock lock(&mutex_);
  Settle();
  auto disk = disks_.extract(slot);
  disk.key() = other;
  disk.mapped().values["slot"] = other;
  disks_.insert(std::move(disk));
}

void FakeRouteros::AddFile(const std::string& path) {
  const absl::MutexLock lock(&mutex_);
  files_[path] = ++last_number_;
}

bool FakeRouteros::ConnectHost(const std::string& nqn, const std::string& host) {
  const absl::MutexLock lock(&mutex_);
  for (const auto& [slot, disk] : disks_) {
    const Item shown = Show(slot, disk);
    const std::string allowed = Get(shown, "nvme-tcp-server-allow-host-name");
    if (Get(shown, "nvme-tcp-server-nqn") != nqn || Get(shown, "nvme-tcp-export") != "true") {
      continue;
    }
    if (!allowed.empty() && allowed != host) return false;
    connected_[slot].insert(host);
    return true;
  }
  return false;
}

std::set<std::string> FakeRouteros::Connected(const std::string& nqn) {
  const absl::MutexLock lock(&mutex_);
  for (const auto& [slot, hosts] : connected_) {
    if (absl::EndsWith(nqn, slot)) return hosts;
  }
  return {};
}

std::map<std::string, Item> FakeRouteros::disks() {
  const absl::MutexLock lock(&mutex_);
  Settle();
  std::map<std::string, Item> all;
  for (const auto& [slot, disk] : disks_) all[slot] = Show(slot, disk);
  return all;
}

std::set<std::string> FakeRouteros::files() {
  const absl::MutexLock lock(&mutex_);
  std::set<std::string> all;
  for (const auto& [path, number] : files_) all.insert(path);
  return all;
}

int FakeRouteros::requests() {
  const absl::MutexLock lock(&mutex_);
  return requests_;
}

int FakeRouteros::most_at_once() {
  const absl::MutexLock lock(&mutex_);
  return most_at_once_;
}

absl::StatusOr<HttpAnswer> FakeRouteros::Exchange(const HttpRequest& request) {
  absl::StatusOr<HttpAnswer> answer = Answer(request);
  std::function<void()> then;
  {
    const absl::MutexLock lock(&mutex_);
    if (until_then_ > 0 && --until_then_ == 0) then = std::move(then_);
  }
  if (then) then();
  return answer;
}

absl::StatusOr<HttpAnswer> FakeRouteros::Answer(const HttpRequest& request) {
  const auto lost = absl::UnavailableError("the connection broke");
  {
    const absl::MutexLock lock(&mutex_);
    ++requests_;
    most_at_once_ = std::max(most_at_once_, ++under_way_);
  }
  // Whoever does not wait for the other comes in now.
  std::this_thread::yield();
  const absl::MutexLock lock(&mutex_);
  --under_way_;
  const bool faulty = until_fault_ > 0 && --until_fault_ == 0;
  if (faulty && fault_ == Fault::kLost) return lost;
  HttpAnswer answer = Perform(request, fault_, faulty);
  if (faulty && fault_ == Fault::kAnswerLost) return lost;
  return answer;
}

HttpAnswer FakeRouteros::Perform(const HttpRequest& request, Fault fault, bool faulty) {
  const bool refused = faulty && fault == Fault::kRefused;
  const bool in_part = faulty && fault == Fault::kRefusedInPart;
  absl::string_view path = request.path;
  if (refused || (in_part && request.method == "GET")) return Refuse("action failed");
  if (!absl::ConsumePrefix(&path, "/rest/")) return {404, R"({"error":404,"message":"Not Found"})"};
  const std::vector<std::string> split = absl::StrSplit(path, absl::MaxSplits('?', 1));
  const std::vector<std::string> menu = absl::StrSplit(split[0], '/');
  if ((menu[0] != "disk" && menu[0] != "file") || menu.size() > 2) {
    return Refuse("no such command or directory");
  }
  if (absl::StrContains(split[0], "*") || absl::StrContains(request.path, "%2A")) {
    return Refuse("missing or invalid resource identifier");
  }
  if (request.method == "GET") return Print(menu[0], split.size() == 2 ? split[1] : "");
  Item item = ParseItem(request.body);
  if (request.method == "PUT" && menu[0] == "disk" && menu.size() == 1) {
    return Add(std::move(item), in_part);
  }
  if (request.method != "POST" || menu.size() != 2) return Refuse("no such command");
  if (menu[1] == "set" && menu[0] == "disk") return Set(std::move(item), in_part);
  if (menu[1] != "remove") return Refuse("no such command");
  HttpAnswer answer = Remove(menu[0], Get(item, ".id"));
  return in_part ? Refuse("action timed out") : answer;
}

HttpAnswer FakeRouteros::Print(const std::string& menu, absl::string_view query) {
  Settle();
  std::vector<Item> items;
  if (menu == "disk") {
    if (!unmounted_) {
      items.push_back({{".id", "*0"},
                       {"slot", kRaid},
                       {"type", "raid"},
                       {"mount-point", kRaid},
                       {"mounted", "true"},
                       {"size", absl::StrCat(disk_bytes_)},
                       {"free", absl::StrCat(Free())}});
      for (const auto& [slot, disk] : disks_) items.push_back(Show(slot, disk));
    }
  } else if (!unmounted_) {
    for (const auto& [path, number] : files_) {
      items.push_back({{".id", IdOf(number)}, {"name", path}, {"type", "file"}});
    }
  }
  for (const absl::string_view part : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    const std::vector<std::string> sides = absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (sides[0] == ".proplist") continue;
    std::erase_if(items, [&](const Item& item) { return Get(item, sides[0]) != sides[1]; });
  }
  return {200, absl::StrCat("[",
                            absl::StrJoin(items, ",",
                                          [](std::string* out, const Item& item) {
                                            absl::StrAppend(out, Json(item));
                                          }),
                            "]")};
}

HttpAnswer FakeRouteros::Add(Item item, bool in_part) {
  const std::string slot = Get(item, "slot");
  const std::string path = FileOf(item);
  if (disks_.contains(slot)) return Refuse("failure: already have such slot");
  if (files_.contains(path)) return Refuse("failure: file already exists");
  if (!absl::StartsWith(path, kFolder)) return Refuse("failure: no such file or directory");
  if (BytesOf(Get(item, "file-size")) > Free()) return Refuse("failure: not enough space");
  files_[path] = ++last_number_;
  if (in_part) return Refuse("failure: could not add the disk");
  Disk& disk = disks_[slot];
  disk.values = item;
  disk.values.erase("file-size");
  disk.values["number"] = absl::StrCat(++last_number_);
  disk.next = {{"size", Get(item, "file-size")}};
  disk.looks = delay_;
  return {201, Json(Show(slot, disk))};
}

HttpAnswer FakeRouteros::Set(Item item, bool in_part) {
  Settle();
  const std::string id = Get(item, ".id");
  item.erase(".id");
  for (auto& [slot, disk] : disks_) {
    if (IdOf(static_cast<int>(BytesOf(Get(disk.values, "number")))) != id) continue;
    if (in_part) {
      // The first by name.
      while (item.size() > 1) item.erase(std::prev(item.end()));
    }
    if (const auto size = item.find("file-size"); size != item.end()) {
      item["size"] = size->second;
      item.erase(size);
    }
    for (const auto& [key, value] : item) disk.next[key] = value;
    disk.looks = delay_;
    return in_part ? Refuse("failure: could not set all") : HttpAnswer{200, "[]"};
  }
  return Refuse("no such item");
}

HttpAnswer FakeRouteros::Remove(const std::string& menu, const std::string& id) {
  Settle();
  if (menu == "file") {
    for (auto file = files_.begin(); file != files_.end(); ++file) {
      if (IdOf(file->second) != id) continue;
      if (effects_ != nullptr && !effects_->FileIs(file->first, nullptr).ok()) {
        return Refuse("failure: could not remove the file");
      }
      files_.erase(file);
      return {200, "[]"};
    }
    return Refuse("no such item");
  }
  for (auto& [slot, disk] : disks_) {
    if (IdOf(static_cast<int>(BytesOf(Get(disk.values, "number")))) != id) continue;
    disk.leaving = true;
    disk.looks = delay_;
    return {200, "[]"};
  }
  return Refuse("no such item");
}

Item FakeRouteros::Show(const std::string& slot, const Disk& disk) const {
  Item shown;
  for (const auto& [key, value] : disk.values) {
    if (key != "number") shown[key] = Shown(value);
  }
  shown[".id"] = IdOf(static_cast<int>(BytesOf(Get(disk.values, "number"))));
  shown["slot"] = slot;
  // Only what is exported has one, and somebody may have given it another.
  if (Get(shown, "nvme-tcp-export") == "true" && Get(shown, "nvme-tcp-server-nqn").empty()) {
    shown["nvme-tcp-server-nqn"] = absl::StrCat("nqn.2000-02.com.mikrotik:", slot);
  }
  return shown;
}

void FakeRouteros::Settle() {
  for (auto disk = disks_.begin(); disk != disks_.end();) {
    if (disk->second.looks > 0) {
      --disk->second.looks;
      ++disk;
      continue;
    }
    if (const absl::Status status = Apply(disk->first, disk->second); !status.ok()) {
      std::cerr << "fake router: " << status << "\n";
      ++disk;
      continue;
    }
    if (Get(disk->second.values, "nvme-tcp-export") != "yes" || disk->second.leaving) {
      connected_.erase(disk->first);
    }
    disk = disk->second.leaving ? disks_.erase(disk) : std::next(disk);
  }
}

absl::Status FakeRouteros::Apply(const std::string& slot, Disk& disk) {
  Disk after = disk;
  for (auto& [key, value] : disk.next) after.values[key] = value;
  after.next.clear();
  if (effects_ != nullptr) RETURN_IF_ERROR(BringAbout(slot, disk, after));
  disk = std::move(after);
  return absl::OkStatus();
}

absl::Status FakeRouteros::BringAbout(const std::string& slot, const Disk& before,
                                      const Disk& after) const {
  const Item old = Show(slot, before);
  const Item now = Show(slot, after);
  const std::string size = Get(now, "size");
  if (size != Get(old, "size")) {
    const std::int64_t bytes = BytesOf(size);
    RETURN_IF_ERROR(effects_->FileIs(FileOf(now), &bytes));
  }
  const std::optional<FakeRouterosExport> was = ExportOf(old);
  const std::optional<FakeRouterosExport> is = after.leaving ? std::nullopt : ExportOf(now);
  const std::string nqn = Get(now, "nvme-tcp-server-nqn");
  const std::string old_nqn = Get(old, "nvme-tcp-server-nqn");
  if (was.has_value() && (!is.has_value() || nqn != old_nqn)) {
    RETURN_IF_ERROR(effects_->ExportIs(old_nqn, nullptr));
  }
  if (is.has_value() && (is != was || nqn != old_nqn)) {
    RETURN_IF_ERROR(effects_->ExportIs(nqn, &*is));
  }
  return absl::OkStatus();
}

std::int64_t FakeRouteros::Free() const {
  std::int64_t free = disk_bytes_;
  for (const auto& [slot, disk] : disks_) free -= BytesOf(Get(disk.values, "size"));
  return free;
}

}  // namespace nvmeof::testing
