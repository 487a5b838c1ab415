#include "nvme/host_identity.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "base/file.h"
#include "base/status_macros.h"

namespace nvmeof::nvme {

namespace {

constexpr absl::string_view kUuidNqnPrefix = "nqn.2014-08.org.nvmexpress:uuid:";
constexpr unsigned kFileMode = 0644;  // other NVMe tools read them, too

constexpr std::array<absl::string_view, 8> kTemplates = {
    "03000200-0400-0500-0006-000700080009",  // the firmware vendor's example, as stored
    "00020003-0004-0005-0006-000700080009",  // and with its first half in the other byte order
    "12345678-1234-5678-90ab-cddeefaabbcc", "12345678-1234-1234-1234-123456789abc",
    "01234567-89ab-cdef-0123-456789abcdef", "00112233-4455-6677-8899-aabbccddeeff",
    "11111111-2222-3333-4444-555555555555",
    "4c4c4544-0000-2010-8020-80c04f202020",  // a service tag of blanks
};

// The content without blanks around it; empty when the file is absent.
absl::StatusOr<std::string> ReadTrimmed(const std::string& path) {
  const absl::StatusOr<std::string> content = base::ReadFile(path);
  if (absl::IsNotFound(content.status())) return "";
  RETURN_IF_ERROR(content.status());
  return std::string(absl::StripAsciiWhitespace(*content));
}

absl::Status Keep(const std::string& path, absl::string_view content) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) {
    RETURN_IF_ERROR(base::EnsureDirectory(path.substr(0, slash), 0755));
  }
  return base::WriteFileAtomically(path, absl::StrCat(content, "\n"), kFileMode);
}

std::optional<volume::Uuid> UuidOf(const volume::Nqn& nqn) {
  absl::string_view text = nqn.text();
  if (!absl::ConsumePrefix(&text, kUuidNqnPrefix)) return std::nullopt;
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(text);
  return uuid.ok() ? std::optional(*uuid) : std::nullopt;
}

absl::Status Refusal(const std::string& path, absl::string_view content, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, " holds '", content, "', ", why,
                   ": correct the file, or remove it to have one made for this machine"));
}

absl::StatusOr<volume::Uuid> MachineUuid(const HostIdentityFiles& files) {
  for (const std::string& path : {files.product_uuid, files.machine_id}) {
    const absl::StatusOr<std::string> text = ReadTrimmed(path);
    if (!text.ok()) continue;
    const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(*text);
    if (uuid.ok() && !IsTemplate(*uuid)) return *uuid;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("neither ", files.product_uuid, " nor ", files.machine_id,
                   " holds a UUID of this machine alone: write one host NQN to ", files.nqn,
                   " and its UUID to ", files.id, ", for example with nvme gen-hostnqn"));
}

absl::StatusOr<volume::Nqn> LoadNqn(const HostIdentityFiles& files) {
  ASSIGN_OR_RETURN(const std::string text, ReadTrimmed(files.nqn));
  if (text.empty()) {
    ASSIGN_OR_RETURN(const volume::Uuid uuid, MachineUuid(files));
    ASSIGN_OR_RETURN(volume::Nqn nqn,
                     volume::Nqn::Parse(absl::StrCat(kUuidNqnPrefix, uuid.Dashed())));
    RETURN_IF_ERROR(Keep(files.nqn, nqn.text()));
    return nqn;
  }
  absl::StatusOr<volume::Nqn> nqn = volume::Nqn::Parse(text);
  if (!nqn.ok()) return Refusal(files.nqn, text, "which is no host NQN");
  const bool claims_uuid = absl::StartsWith(text, kUuidNqnPrefix);
  const std::optional<volume::Uuid> uuid = UuidOf(*nqn);
  if (claims_uuid && (!uuid.has_value() || IsTemplate(*uuid))) {
    return Refusal(files.nqn, text, "whose UUID is not one of this machine alone");
  }
  return nqn;
}

absl::StatusOr<volume::Uuid> LoadId(const HostIdentityFiles& files, const volume::Nqn& nqn) {
  ASSIGN_OR_RETURN(const std::string text, ReadTrimmed(files.id));
  if (!text.empty()) {
    const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(text);
    if (uuid.ok() && !IsTemplate(*uuid)) return *uuid;
    return Refusal(files.id, text, "which is no UUID of this machine alone");
  }
  if (const std::optional<volume::Uuid> uuid = UuidOf(nqn); uuid.has_value()) return *uuid;
  ASSIGN_OR_RETURN(const volume::Uuid uuid, MachineUuid(files));
  RETURN_IF_ERROR(Keep(files.id, uuid.Dashed()));
  return uuid;
}

}  // namespace

bool IsTemplate(const volume::Uuid& uuid) {
  const std::string hex = uuid.Hex();
  // One byte over and over, as erased memory has it.
  bool uniform = true;
  for (std::size_t at = 2; at < hex.size(); at += 2) {
    uniform = uniform && hex.compare(at, 2, hex, 0, 2) == 0;
  }
  return uniform ||
         std::find(kTemplates.begin(), kTemplates.end(), uuid.Dashed()) != kTemplates.end();
}

absl::StatusOr<HostIdentity> LoadHostIdentity(const HostIdentityFiles& files) {
  ASSIGN_OR_RETURN(volume::Nqn nqn, LoadNqn(files));
  ASSIGN_OR_RETURN(const volume::Uuid id, LoadId(files, nqn));
  return HostIdentity{std::move(nqn), id.Dashed()};
}

}  // namespace nvmeof::nvme
