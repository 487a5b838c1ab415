#include "server/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/clock.h"
#include "base/errno_status.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::server {
namespace {

constexpr int kBacklog = 64;
constexpr ev_ssize_t kLongestHeader = 4096;
constexpr std::size_t kMostUnread = 16384;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using EventBase = std::unique_ptr<event_base, Freed<&event_base_free>>;
using Event = std::unique_ptr<event, Freed<&event_free>>;
using Http = std::unique_ptr<evhttp, Freed<&evhttp_free>>;

absl::Status CannotListen(const Endpoint& endpoint) {
  return absl::UnavailableError(
      base::ErrnoStatus(errno, absl::StrCat("listen on ", endpoint.address())).message());
}

absl::StatusOr<base::UniqueFd> Listen(const Endpoint& endpoint) {
  sockaddr_storage storage = {};
  int size = sizeof(storage);
  // The socket interface wants this cast.
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::evutil_parse_sockaddr_port(endpoint.address().c_str(), address, &size) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(endpoint.address(), " is no address and port"));
  }
  base::UniqueFd fd(
      ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  const int on = 1;  // connections of a process that ended keep nobody from the address
  if (!fd.ok() || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      ::bind(fd.get(), address, static_cast<socklen_t>(size)) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return CannotListen(endpoint);
  }
  return fd;
}

void LogLibrary(int severity, const char* message) {
  base::Log(severity >= EVENT_LOG_WARN ? base::Level::kWarning : base::Level::kDebug, "libevent",
            {{"message", message}});
}

// What libevent writes to a client that has left must not end the process: it cannot ask for
// MSG_NOSIGNAL.
void BlockSignals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void Reply(evhttp_request* request, const HttpAnswer& answer) {
  evkeyvalq* headers = ::evhttp_request_get_output_headers(request);
  ::evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
  ::evhttp_add_header(headers, "Cache-Control", "no-store");
  ::evhttp_add_header(headers, "Connection", "close");
  ::evhttp_add_header(headers, "Content-Length", absl::StrCat(answer.text.size()).c_str());
  if (::evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
    ::evbuffer_add(::evhttp_request_get_output_buffer(request), answer.text.data(),
                   answer.text.size());
  }
  ::evhttp_send_reply(request, answer.status, nullptr, nullptr);
}

}  // namespace

// libevent's loop and what hangs on it. All callbacks run on the loop's thread.
class HttpServer::Loop {
 public:
  // REQUIRES: base and http are there.
  Loop(base::UniqueFd listening, EventBase base, Http http,
       const std::map<std::string, HttpPage>& pages, HttpLimits limits)
      : limits_(limits),
        listening_(std::move(listening)),
        stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        base_(std::move(base)),
        http_(std::move(http)),
        listener_(::evconnlistener_new(base_.get(), nullptr, nullptr, LEV_OPT_CLOSE_ON_EXEC, 0,
                                       listening_.get())) {
    for (const auto& [path, page] : pages) pages_.emplace(path, Page{this, page});
    pages_.emplace("", Page{this, [] { return HttpAnswer{404, "no such page\n"}; }});

    stopped_.reset(::event_new(base_.get(), stop_.get(), EV_READ, &Loop::OnStop, base_.get()));
    ::event_add(stopped_.get(), nullptr);
    expiry_.reset(::event_new(base_.get(), -1, 0, &Loop::OnExpiry, this));

    const timeval patience = absl::ToTimeval(limits_.connection);
    ::evhttp_set_timeout_tv(http_.get(), &patience);
    ::evhttp_set_max_headers_size(http_.get(), kLongestHeader);
    ::evhttp_set_max_body_size(http_.get(), 0);
    ::evhttp_set_allowed_methods(http_.get(), EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    ::evhttp_set_bevcb(http_.get(), &Loop::OnConnection, this);
    for (auto& [path, page] : pages_) {
      if (path.empty()) {
        ::evhttp_set_gencb(http_.get(), &Loop::OnRequest, &page);
      } else {
        ::evhttp_set_cb(http_.get(), path.c_str(), &Loop::OnRequest, &page);
      }
    }
    ::evhttp_bind_listener(http_.get(), listener_);
    thread_ = std::thread([this] {
      BlockSignals();
      ::event_base_dispatch(base_.get());
    });
  }

  ~Loop() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
    http_.reset();  // with the connections that it still has
    for (const Connection& connection : connections_) ::bufferevent_decref(connection.stream);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

 private:
  struct Page {
    Loop* loop;
    HttpPage answer;
  };
  // We hold a reference, so that the descriptor stays that of the connection until we let it go.
  struct Connection {
    bufferevent* stream;
    absl::Time ends;
  };

  static void OnStop(evutil_socket_t /*fd*/, short /*what*/, void* base) {
    ::event_base_loopbreak(static_cast<event_base*>(base));
  }

  // Before a connection is read.
  static bufferevent* OnConnection(event_base* base, void* self) {
    return static_cast<Loop*>(self)->Admit(base);
  }
  static void OnRequest(evhttp_request* request, void* page_of_loop) {
    const Page& page = *static_cast<Page*>(page_of_loop);
    ::evhttp_connection_set_closecb(::evhttp_request_get_connection(request), &Loop::OnClose,
                                    page.loop);
    Reply(request, page.answer());
  }
  // After an answer, or instead of one.
  static void OnClose(evhttp_connection* connection, void* self) {
    static_cast<Loop*>(self)->LetGo(::evhttp_connection_get_bufferevent(connection));
  }
  static void OnExpiry(evutil_socket_t /*fd*/, short /*what*/, void* self) {
    static_cast<Loop*>(self)->Expire();
  }

  bufferevent* Admit(event_base* base) {
    bufferevent* stream = ::bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    ::bufferevent_setwatermark(stream, EV_READ, 0, kMostUnread);
    ::bufferevent_incref(stream);
    connections_.push_back({stream, clock_.Now() + limits_.connection});
    if (connections_.size() == 1) ExpireAfter(limits_.connection);
    if (connections_.size() >= Most()) ::evconnlistener_disable(listener_);
    return stream;
  }

  void LetGo(bufferevent* stream) {
    const auto found =
        std::find_if(connections_.begin(), connections_.end(),
                     [stream](const Connection& one) { return one.stream == stream; });
    if (found == connections_.end()) return;
    connections_.erase(found);
    ::bufferevent_decref(stream);
    if (connections_.size() < Most()) ::evconnlistener_enable(listener_);
  }

  // The oldest come first. libevent learns of an end as if the client had left.
  void Expire() {
    const absl::Time now = clock_.Now();
    while (!connections_.empty() && connections_.front().ends <= now) {
      const evutil_socket_t fd = ::bufferevent_getfd(connections_.front().stream);
      if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
      LetGo(connections_.front().stream);
    }
    if (!connections_.empty()) ExpireAfter(connections_.front().ends - now);
  }
  void ExpireAfter(absl::Duration wait) {
    const timeval time = absl::ToTimeval(wait);
    ::event_add(expiry_.get(), &time);
  }

  std::size_t Most() const { return static_cast<std::size_t>(limits_.connections); }

  const HttpLimits limits_;
  const base::MonotonicClock clock_;
  const base::UniqueFd listening_;
  const base::UniqueFd stop_;
  std::map<std::string, Page> pages_;
  const EventBase base_;
  Event stopped_;
  Event expiry_;
  Http http_;
  evconnlistener* const listener_;  // owned by http_
  std::deque<Connection> connections_;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const Endpoint& endpoint, const std::map<std::string, HttpPage>& pages, HttpLimits limits) {
  ASSIGN_OR_RETURN(base::UniqueFd listening, Listen(endpoint));
  ::event_set_log_callback(&LogLibrary);
  EventBase base(::event_base_new());
  if (base == nullptr) return absl::ResourceExhaustedError("no event loop can be made");
  Http http(::evhttp_new(base.get()));
  if (http == nullptr) return absl::ResourceExhaustedError("no HTTP server can be made");
  return std::unique_ptr<HttpServer>(new HttpServer(std::make_unique<Loop>(
      std::move(listening), std::move(base), std::move(http), pages, limits)));
}

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

HttpServer::~HttpServer() = default;

}  // namespace nvmeof::server
