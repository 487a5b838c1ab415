// FakeRouteros: the REST interface of a MikroTik router with one mounted disk, for RouterosBackend.
// It answers as RouterOS does, its oddities included: all values are text, an id is another item's
// when it started anew, an id in the URL or an encoded asterisk is refused, removing a disk leaves
// its file, what it took on happens a little later, and a request that it refuses may have been
// done in part.
// Its disks and files are in memory, and where somebody gives it RouterosEffects also what hosts
// can reach.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "backend/http/http_transport.h"

namespace nvmeof::testing {

// How a disk is shown to hosts.
struct FakeRouterosExport {
  std::string file;  // path as /file shows it
  std::string host;  // the only one that is let in; empty = all are
  std::string port;

  friend bool operator==(const FakeRouterosExport&, const FakeRouterosExport&) = default;
};

// What the router's doings bring about. What ends in an error the router has not done yet.
class RouterosEffects {
 public:
  virtual ~RouterosEffects() = default;
  // Null = it is gone.
  virtual absl::Status FileIs(const std::string& path, const std::int64_t* bytes) = 0;
  virtual absl::Status ExportIs(const std::string& nqn, const FakeRouterosExport* shown) = 0;
};

// Internally synchronised; blocks as long as the effects do.
class FakeRouteros {
 public:
  using Item = std::map<std::string, std::string>;

  // What becomes of a request.
  enum class Fault {
    kLost,           // it never arrives
    kAnswerLost,     // it is carried out
    kRefused,        // 400, and nothing is done
    kRefusedInPart,  // 400, and the first half of it is done
  };

  // Borrows the effects; null = none.
  explicit FakeRouteros(std::int64_t disk_bytes = std::int64_t{1} << 40,
                        RouterosEffects* effects = nullptr);

  // Carries requests here; may outlive nothing of this.
  std::unique_ptr<backend::HttpTransport> Connect();

  // Each disk and each file gets the id that another one had, hosts are cut, all else stays.
  void Restart();
  // Called once the n-th request from now (1 is the next) has its answer.
  void After(int n, std::function<void()> then);
  // The n-th request from now (1 is the next) ends like this; 0 = none does.
  void FailAt(int n, Fault fault);
  // All disks but the router's own memory are gone until it is false again.
  void SetUnmounted(bool unmounted);
  // How many looks it takes until the router does what it took on.
  void SetDelay(int looks);

  // Somebody else makes or changes a disk, and a file.
  void Meddle(const std::string& slot, const std::function<void(Item&)>& change);
  void Rename(const std::string& slot, const std::string& other);
  void AddFile(const std::string& path);
  // A host connects, if it is let in.
  bool ConnectHost(const std::string& nqn, const std::string& host);
  std::set<std::string> Connected(const std::string& nqn);

  std::map<std::string, Item> disks();  // by slot, without the mounted one
  std::set<std::string> files();        // paths as /file shows them
  int requests();                       // that came, or should have come
  int most_at_once();                   // requests under way

 private:
  class Transport;
  struct Disk {
    Item values;
    Item next;  // what becomes of the values in `looks` looks
    int looks = 0;
    bool leaving = false;
  };

  absl::StatusOr<backend::HttpAnswer> Exchange(const backend::HttpRequest& request);
  absl::StatusOr<backend::HttpAnswer> Answer(const backend::HttpRequest& request);
  backend::HttpAnswer Perform(const backend::HttpRequest& request, Fault fault, bool faulty)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  backend::HttpAnswer Print(const std::string& menu, absl::string_view query)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  backend::HttpAnswer Add(Item item, bool in_part) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  backend::HttpAnswer Set(Item item, bool in_part) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  backend::HttpAnswer Remove(const std::string& menu, const std::string& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Item Show(const std::string& slot, const Disk& disk) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Apply(const std::string& slot, Disk& disk) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status BringAbout(const std::string& slot, const Disk& before, const Disk& after) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::int64_t Free() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  const std::int64_t disk_bytes_;
  RouterosEffects* const effects_;
  std::map<std::string, Disk> disks_ ABSL_GUARDED_BY(mutex_);  // by slot
  std::map<std::string, int> files_ ABSL_GUARDED_BY(mutex_);   // path to number
  std::map<std::string, std::set<std::string>> connected_ ABSL_GUARDED_BY(mutex_);  // by slot
  int last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool unmounted_ ABSL_GUARDED_BY(mutex_) = false;
  int delay_ ABSL_GUARDED_BY(mutex_) = 1;
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_at_once_ ABSL_GUARDED_BY(mutex_) = 0;
  int until_fault_ ABSL_GUARDED_BY(mutex_) = 0;
  Fault fault_ ABSL_GUARDED_BY(mutex_) = Fault::kLost;
  int until_then_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void()> then_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
