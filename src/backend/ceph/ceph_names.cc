#include "backend/ceph/ceph_names.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "backend/words.h"

namespace nvmeof::backend {
namespace {

constexpr absl::string_view kImagePrefix = "nvmeof-";
constexpr std::size_t kSerialLetters = 20;  // what NVMe has room for

}  // namespace

std::string FormatImageName(const ImageName& name) {
  return absl::StrCat(kImagePrefix, name.uuid.Hex(), "-", BareDigestOf(name.name), "-",
                      BareDigestOf(name.fingerprint));
}

std::optional<ImageName> ParseImageName(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, kImagePrefix)) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  if (parts.size() != 3) return std::nullopt;
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(parts[0]);
  std::optional<std::string> name = MarkedDigest(parts[1]);
  std::optional<std::string> fingerprint = MarkedDigest(parts[2]);
  if (!uuid.ok() || uuid->Hex() != parts[0] || !name.has_value() || !fingerprint.has_value()) {
    return std::nullopt;
  }
  return ImageName{*uuid, *std::move(name), *std::move(fingerprint)};
}

std::string SerialOf(absl::string_view pool, absl::string_view volume_name) {
  return BareDigestOf(absl::StrCat(pool, "/", DigestOf(volume_name))).substr(0, kSerialLetters);
}

std::string SerialOf(const volume::Nqn& shared) {
  return BareDigestOf(shared.text()).substr(0, kSerialLetters);
}

std::optional<volume::Uuid> VolumeOfNqn(absl::string_view nqn) {
  const std::vector<absl::string_view> parts = absl::StrSplit(nqn, ':');
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(parts.back());
  if (!uuid.ok() || volume::NqnOfVolume(*uuid).text() != nqn) return std::nullopt;
  return *uuid;
}

}  // namespace nvmeof::backend
