// RouterosRest: the REST interface of a MikroTik router, as far as the driver uses it.
//
// It knows menus and their items, not volumes; RouterosBackend decides what to ask. Nothing is
// repeated here. A router has a slow CPU: one call at a time is under way, the others wait.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "backend/http/http_transport.h"
#include "base/clock.h"

namespace nvmeof::backend {

// An item of a menu. All values are text, numbers and truths too.
using RouterosItem = std::map<std::string, std::string>;

// "true" and "yes": RouterOS answers the one and takes both.
[[nodiscard]] bool IsTrue(const RouterosItem& item, const std::string& key);
// Empty where the item has none.
[[nodiscard]] std::string ValueOf(const RouterosItem& item, const std::string& key);

// What an item is called for good: `key` of it is `value`, and of no other in the menu.
struct RouterosName {
  std::string menu;
  std::string key;
  std::string value;
};

// Borrows the clock. Safe to use from several threads. Errors, with the router and the menu before
// the message: Unavailable is the transport's, and while other calls take all the time; NotFound,
// AlreadyExists, ResourceExhausted and FailedPrecondition where the router's text says so; Internal
// for all else, a refused login among it. A change that failed may have been made, in part or
// whole. No request takes longer than 65 s.
//
// The router changes and removes what an ".id" names, which is short, and another item's after a
// reboot. So an id never leaves a call: Set and Remove look it up and use it with no other call in
// between, and not when it is more than 5 s old. A router that starts anew is away for longer than
// that and the 10 s in which its next connection must come about (HttpClient).
class RouterosRest {
 public:
  RouterosRest(std::unique_ptr<HttpTransport> transport, const base::Clock& clock)
      : transport_(std::move(transport)), clock_(clock) {}

  // The items whose `key` is `value`; all of them for an empty key. With `wanted` only those
  // values.
  absl::StatusOr<std::vector<RouterosItem>> Print(const std::string& menu, const std::string& key,
                                                  const std::string& value,
                                                  const std::vector<std::string>& wanted,
                                                  absl::Time deadline);
  absl::Status Add(const std::string& menu, const RouterosItem& item, absl::Time deadline);

  // NotFound when there is no such item. Aborted when its id may be another's by now; nothing was
  // done then.
  absl::Status Set(const RouterosName& name, RouterosItem values, absl::Time deadline);
  absl::Status Remove(const RouterosName& name, absl::Time deadline);

 private:
  absl::Status AwaitTurn(absl::string_view menu, absl::Time deadline);
  void EndTurn();

  // These REQUIRE the turn.
  absl::StatusOr<std::string> Exchange(const HttpRequest& request, absl::Time deadline);
  absl::StatusOr<std::vector<RouterosItem>> Look(const std::string& menu, const std::string& key,
                                                 const std::string& value,
                                                 const std::vector<std::string>& wanted,
                                                 absl::Time deadline);
  absl::StatusOr<std::string> IdOf(const RouterosName& name, absl::Time deadline);

  absl::Status Act(const std::string& command, const RouterosName& name, RouterosItem values,
                   absl::Time deadline);

  const std::unique_ptr<HttpTransport> transport_;
  const base::Clock& clock_;
  absl::Mutex mutex_;
  bool free_ ABSL_GUARDED_BY(mutex_) = true;
};

// What the router's answer means. Pure.
[[nodiscard]] absl::Status RouterosStatus(int status, absl::string_view body);

}  // namespace nvmeof::backend
