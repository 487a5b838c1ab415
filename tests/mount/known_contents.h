// KnownContents: the bytes by which disks that are not ours to format are recognised, without the
// tools that make them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace nvmeof::testing {

struct KnownContent {
  std::string name;  // as libblkid calls it
  std::vector<std::pair<std::uint64_t, std::string>> bytes;
};

inline std::uint32_t Crc32(absl::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
  }
  return ~crc;
}

inline void Put(std::string& block, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) block[offset + i] = static_cast<char>(value >> (8 * i));
}

inline KnownContent Mbr(unsigned char type = 0x83) {
  std::string block(512, '\0');
  Put(block, 446 + 4, type, 1);
  Put(block, 446 + 8, 2048, 4);
  Put(block, 446 + 12, 4096, 4);
  Put(block, 510, 0xAA55, 2);
  return {"dos", {{0, block}}};
}

inline KnownContent Gpt(std::uint64_t disk_size) {
  const std::uint64_t last = disk_size / 512 - 1;
  const std::string entries(std::size_t{128} * 128, '\0');
  std::string header(512, '\0');
  header.replace(0, 8, "EFI PART");
  Put(header, 8, 0x00010000, 4);
  Put(header, 12, 92, 4);
  Put(header, 24, 1, 8);
  Put(header, 32, last, 8);
  Put(header, 40, 34, 8);
  Put(header, 48, last - 33, 8);
  header.replace(56, 16, "0123456789abcdef");
  Put(header, 72, 2, 8);
  Put(header, 80, 128, 4);
  Put(header, 84, 128, 4);
  Put(header, 88, Crc32(entries), 4);
  Put(header, 16, Crc32(absl::string_view(header).substr(0, 92)), 4);
  return {"gpt", {{0, Mbr(0xEE).bytes.front().second}, {512, header}, {1024, entries}}};
}

inline KnownContent Luks() {
  std::string block(512, '\0');
  block.replace(0, 8, std::string("LUKS\xBA\xBE\0\1", 8));
  return {"crypto_LUKS", {{0, block}}};
}

inline KnownContent Lvm() {
  std::string label(512, '\0');
  label.replace(0, 8, "LABELONE");
  Put(label, 8, 1, 8);
  Put(label, 20, 32, 4);
  label.replace(24, 8, "LVM2 001");
  label.replace(32, 32, "0123456789abcdefghijklmnopqrstuv");
  return {"LVM2_member", {{512, label}}};
}

inline KnownContent Swap() {
  std::string header(512, '\0');
  Put(header, 0, 1, 4);
  Put(header, 4, 1000, 4);
  return {"swap", {{1024, header}, {4086, "SWAPSPACE2"}}};
}

inline std::vector<KnownContent> KnownContents(std::uint64_t disk_size) {
  return {Mbr(), Gpt(disk_size), Luks(), Lvm(), Swap()};
}

}  // namespace nvmeof::testing
