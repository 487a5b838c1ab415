// LoopbackController: a discovery controller on the loopback that speaks as much NVMe/TCP as is
// needed to read its log.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "nvme/little_endian.h"
#include "tests/nvme/loopback_portal.h"

namespace nvmeof::testing {

// One connection at a time, on the thread of a LoopbackServer. A test sets it up before.
class LoopbackController {
 public:
  // The log as it is at each reading of a piece from this offset.
  using Log = std::function<std::vector<std::uint8_t>(std::uint64_t offset)>;

  explicit LoopbackController(Log log) : log_(std::move(log)) {}

  void RefuseConnect(std::uint16_t status) { connect_status_ = status; }
  void BecomeReadyAfter(int looks) { looks_until_ready_ = looks; }
  void Fail() { fails_ = true; }
  // Called at each look at whether it is ready.
  void OnLook(std::function<void()> hook) { on_look_ = std::move(hook); }
  // Data comes in pieces of this size, and without a completion if `successful`.
  void SendDataAs(std::size_t piece, bool successful) {
    piece_ = piece;
    successful_ = successful;
  }
  // What it does instead of answering a reading of the log.
  void InsteadOfTheLog(std::function<void(int connection)> act) { instead_ = std::move(act); }

  LoopbackServer::Answer answer() {
    return [this](int connection) { Serve(connection); };
  }

  static void Complete(int connection, std::uint16_t command, std::uint16_t status = 0,
                       std::uint64_t result = 0) {
    std::vector<std::uint8_t> pdu = {0x05, 0, 24, 0, 24, 0, 0, 0};
    pdu.resize(24);
    const auto bytes = absl::MakeSpan(pdu);
    nvme::WriteLittleEndian(bytes, 8, result);
    nvme::WriteLittleEndian(bytes, 20, command);
    nvme::WriteLittleEndian(bytes, 22, static_cast<std::uint16_t>(status << 1));
    LoopbackServer::Send(connection, pdu.data(), pdu.size());
  }

  static void SendData(int connection, std::uint16_t command, std::size_t offset,
                       absl::Span<const std::uint8_t> data, std::uint8_t flags) {
    std::vector<std::uint8_t> pdu = {0x07, flags, 24, 24};
    pdu.resize(24);
    const auto bytes = absl::MakeSpan(pdu);
    nvme::WriteLittleEndian(bytes, 4, static_cast<std::uint32_t>(24 + data.size()));
    nvme::WriteLittleEndian(bytes, 8, command);
    nvme::WriteLittleEndian(bytes, 12, static_cast<std::uint32_t>(offset));
    nvme::WriteLittleEndian(bytes, 16, static_cast<std::uint32_t>(data.size()));
    pdu.insert(pdu.end(), data.begin(), data.end());
    LoopbackServer::Send(connection, pdu.data(), pdu.size());
  }

 private:
  void Serve(int connection) {
    const nvme::IcPdu response = LoopbackServer::IcResp();
    LoopbackServer::Receive(connection, response.size());
    LoopbackServer::Send(connection, response.data(), response.size());
    enabled_ = false;
    while (true) {
      const std::string capsule = LoopbackServer::Receive(connection, 72);
      if (capsule.size() < 72) return;
      const std::vector<std::uint8_t> bytes(capsule.begin(), capsule.end());
      const auto length = nvme::ReadLittleEndian<std::uint32_t>(bytes, 4);
      LoopbackServer::Receive(connection, length - 72);
      const auto entry = absl::MakeConstSpan(bytes).subspan(8);
      if (entry[0] == 0x02) {
        if (instead_) return instead_(connection);
        AnswerLog(connection, entry);
      } else {
        AnswerFabrics(connection, entry);
      }
    }
  }

  void AnswerFabrics(int connection, absl::Span<const std::uint8_t> entry) {
    const auto command = nvme::ReadLittleEndian<std::uint16_t>(entry, 2);
    if (entry[4] == 0x01) return Complete(connection, command, connect_status_, 1);
    if (entry[4] == 0x00) {
      enabled_ = nvme::ReadLittleEndian<std::uint32_t>(entry, 44) == 0x14 &&
                 nvme::ReadLittleEndian<std::uint64_t>(entry, 48) == 0x00460001;
      return Complete(connection, command);
    }
    if (on_look_) on_look_();
    if (fails_) return Complete(connection, command, 0, 2);
    const bool ready = enabled_ && --looks_until_ready_ <= 0;
    Complete(connection, command, 0, ready ? 1 : 0);
  }

  void AnswerLog(int connection, absl::Span<const std::uint8_t> entry) {
    const auto command = nvme::ReadLittleEndian<std::uint16_t>(entry, 2);
    const auto offset = nvme::ReadLittleEndian<std::uint64_t>(entry, 48);
    const std::size_t size =
        4 * (std::size_t{nvme::ReadLittleEndian<std::uint16_t>(entry, 42)} + 1);
    std::vector<std::uint8_t> log = log_(offset);
    log.resize(std::max<std::size_t>(log.size(), offset + size));
    const auto data = absl::MakeConstSpan(log).subspan(offset, size);
    for (std::size_t at = 0; at < size; at += piece_) {
      const auto part = data.subspan(at, piece_);
      const bool last = at + piece_ >= size;
      const std::uint8_t flags = !last ? 0 : successful_ ? 0x0C : 0x04;
      SendData(connection, command, at, part, flags);
    }
    if (!successful_) Complete(connection, command);
  }

  const Log log_;
  std::uint16_t connect_status_ = 0;
  int looks_until_ready_ = 1;
  std::function<void()> on_look_;
  bool fails_ = false;
  bool enabled_ = false;
  std::size_t piece_ = 4096;
  bool successful_ = false;
  std::function<void(int connection)> instead_;
};

}  // namespace nvmeof::testing
