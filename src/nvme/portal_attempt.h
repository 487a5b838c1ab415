// PortalAttempt: one path of a probe: TCP connect from the path's host side, ICReq, ICResp, over
// one socket that never blocks. Also the beginning of a conversation with a controller there.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"

#include "base/unique_fd.h"
#include "nvme/icreq.h"
#include "volume/path.h"

namespace nvmeof::nvme {

// What becomes of the connection when the portal answered as it should.
enum class AfterAnswer { kEnd, kGoOn };

// One thread at a time. Owns its socket, which is closed by a reset as soon as the attempt is done,
// unless it shall go on.
class PortalAttempt {
 public:
  // Begins; may be done at once.
  explicit PortalAttempt(const volume::Path& path, AfterAnswer after = AfterAnswer::kEnd);

  bool done() const { return stage_ == Stage::kDone; }
  // As PortalProbe::Probe has it. REQUIRES: done.
  const absl::Status& result() const { return result_; }

  // The ICResp, and the connection it came over. REQUIRES: kGoOn, done, and the result is OK.
  const IcPdu& answer() const { return answer_; }
  base::UniqueFd TakeSocket() { return std::move(socket_); }

  // What to poll for before Continue. REQUIRES: not done.
  int fd() const { return socket_.get(); }
  short events() const;

  // Goes as far as it can without waiting. REQUIRES: not done, and poll told of an event.
  void Continue();

  // Ends it: `result`, or the portal's own fault: that it was silent until now. REQUIRES: not done.
  void End(absl::Status result);
  void EndAsSilent();

 private:
  enum class Stage { kConnecting, kSending, kReceiving, kDone };

  void Begin();
  void EndByErrno(int error, const char* what);
  void Send();
  void Receive();

  const volume::Path path_;
  const AfterAnswer after_;
  base::UniqueFd socket_;
  Stage stage_ = Stage::kConnecting;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  IcPdu answer_ = {};
  absl::Status result_;
};

}  // namespace nvmeof::nvme
