// HttpClient: one TCP connection to a server on this machine's loopback, as bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "base/unique_fd.h"

namespace nvmeof::testing {

// An IPv4 loopback address that no other process uses.
inline std::string OwnLoopbackAddress() {
  const auto pid = static_cast<std::uint32_t>(::getpid());
  return absl::StrCat("127.", 1 + ((pid >> 16) & 0x7f), ".", (pid >> 8) & 0xff, ".",
                      1 + (pid & 0x7f) + ((pid & 0x80) != 0 ? 0x7f : 0));
}

class HttpClient {
 public:
  HttpClient(const std::string& address, std::uint16_t port) {
    sockaddr_in four = {};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    sockaddr_in6 six = {};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    const bool is_four = ::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1;
    if (!is_four) ::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr);
    fd_ = base::UniqueFd(::socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* to = is_four ? reinterpret_cast<const sockaddr*>(&four)
                             : reinterpret_cast<const sockaddr*>(&six);
    connected_ = ::connect(fd_.get(), to, is_four ? sizeof(four) : sizeof(six)) == 0;
  }

  bool connected() const { return connected_; }

  // False when the server has closed the connection.
  bool Send(const std::string& bytes) const {
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  // All that comes until the server closes.
  std::string ReadAll() const {
    std::string all;
    std::array<char, 4096> part = {};
    for (;;) {
      const ssize_t size = ::recv(fd_.get(), part.data(), part.size(), 0);
      if (size <= 0) return all;
      all.append(part.data(), static_cast<std::size_t>(size));
    }
  }

  // A whole request and what it is answered.
  std::string Ask(const std::string& method, const std::string& path) const {
    Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: test\r\n\r\n"));
    return ReadAll();
  }

 private:
  base::UniqueFd fd_;
  bool connected_ = false;
};

}  // namespace nvmeof::testing
