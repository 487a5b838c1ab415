#include "backend/words.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace nvmeof::backend {
namespace {

constexpr char kMark = '#';
constexpr std::size_t kLetters = 26;
constexpr absl::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr int kBitsOfLetter = 5;

}  // namespace

std::string DigestOf(absl::string_view words) {
  if (IsDigest(words)) return std::string(words);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash{};
  // Fails only where SHA-256 is switched off, and the zeros that are left would make all words the
  // same: better none.
  if (::EVP_Digest(words.data(), words.size(), hash.data(), nullptr, ::EVP_sha256(), nullptr) !=
      1) {
    std::abort();
  }
  std::string digest(1, kMark);
  for (std::size_t letter = 0; letter < kLetters; ++letter) {
    std::uint32_t bits = 0;
    for (std::size_t bit = letter * kBitsOfLetter; bit < (letter + 1) * kBitsOfLetter; ++bit) {
      const std::uint32_t byte = hash[bit / 8];
      bits = bits << 1 | (byte >> (7 - bit % 8) & 1U);
    }
    digest.push_back(kAlphabet[bits]);
  }
  return digest;
}

bool IsDigest(absl::string_view text) {
  return text.size() == 1 + kLetters && text.front() == kMark &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char letter) { return kAlphabet.find(letter) != absl::string_view::npos; });
}

std::string BareDigestOf(absl::string_view words) { return DigestOf(words).substr(1); }

std::optional<std::string> MarkedDigest(absl::string_view bare) {
  std::string digest = absl::StrCat("#", bare);
  if (!IsDigest(digest)) return std::nullopt;
  return digest;
}

bool SameWords(absl::string_view kept, absl::string_view words) {
  return kept == words || (IsDigest(kept) && kept == DigestOf(words));
}

}  // namespace nvmeof::backend
