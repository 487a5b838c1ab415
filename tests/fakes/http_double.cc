#include "tests/fakes/http_double.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace nvmeof::testing {
namespace {

using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

}  // namespace

// A connection, read and written in the clear or through TLS.
class HttpDouble::Stream {
 public:
  Stream(int fd, const TestCertificate* certificate)
      : fd_(fd), context_(nullptr, ::SSL_CTX_free), tls_(nullptr, ::SSL_free) {
    if (certificate == nullptr) return;
    context_.reset(::SSL_CTX_new(::TLS_server_method()));
    const Bio bio(::BIO_new_mem_buf(certificate->certificate.data(),
                                    static_cast<int>(certificate->certificate.size())),
                  ::BIO_free);
    const Bio secret(
        ::BIO_new_mem_buf(certificate->key.data(), static_cast<int>(certificate->key.size())),
        ::BIO_free);
    const Certificate own(::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), ::X509_free);
    const Key key(::PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr),
                  ::EVP_PKEY_free);
    ::SSL_CTX_use_certificate(context_.get(), own.get());
    ::SSL_CTX_use_PrivateKey(context_.get(), key.get());
    tls_.reset(::SSL_new(context_.get()));
    ::SSL_set_fd(tls_.get(), fd_);
    open_ = ::SSL_accept(tls_.get()) == 1;
  }

  bool Read(std::string& text) {
    std::array<char, 65536> piece{};
    if (!open_) return false;
    const ssize_t got = tls_ ? ::SSL_read(tls_.get(), piece.data(), piece.size())
                             : ::recv(fd_, piece.data(), piece.size(), 0);
    if (got <= 0) return false;
    text.append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }

  void Write(const std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
      const ssize_t put =
          tls_ ? ::SSL_write(tls_.get(), &text[at], static_cast<int>(text.size() - at))
               : ::send(fd_, &text[at], text.size() - at, MSG_NOSIGNAL);
      if (put <= 0) return;
      at += static_cast<std::size_t>(put);
    }
    if (tls_) ::SSL_shutdown(tls_.get());
  }

 private:
  const int fd_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  bool open_ = true;
};

HttpDouble::HttpDouble(Serve serve, const TestCertificate* certificate)
    : serve_(std::move(serve)),
      certificate_(certificate),
      listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // The socket interface wants these casts.
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(listening_.get(), raw, size), 0);
  EXPECT_EQ(::listen(listening_.get(), 8), 0);
  EXPECT_EQ(::getsockname(listening_.get(), raw, &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

HttpDouble::~HttpDouble() {
  ::shutdown(listening_.get(), SHUT_RDWR);
  thread_.join();
}

std::string HttpDouble::Url() const {
  return absl::StrCat(certificate_ == nullptr ? "http" : "https", "://127.0.0.1:", port_);
}

std::string HttpDouble::Answer(const std::string& status, const std::string& body) {
  return absl::StrCat("HTTP/1.1 ", status, "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

void HttpDouble::Run() {
  // OpenSSL writes to connections that the client may have closed.
  sigset_t pipe{};
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (true) {
    const base::UniqueFd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.ok()) return;
    Stream stream(fd.get(), certificate_);
    std::string request;
    std::size_t end = std::string::npos;
    while (end == std::string::npos && stream.Read(request)) end = request.find("\r\n\r\n");
    if (end == std::string::npos || hang_up_) continue;
    std::size_t length = 0;
    const std::size_t header = request.find("Content-Length: ");
    if (header < end) length = std::strtoul(&request[header + 16], nullptr, 10);
    while (request.size() < end + 4 + length && stream.Read(request)) {
    }
    stream.Write(serve_(request));
  }
}

}  // namespace nvmeof::testing
