#include "volume/publish_context.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "base/json.h"
#include "base/status_macros.h"

namespace nvmeof::volume {
namespace {

constexpr char kNqn[] = "nqn";
constexpr char kUuid[] = "uuid";
constexpr char kNguid[] = "nguid";
constexpr char kNsid[] = "nsid";
constexpr char kPortals[] = "portals";
constexpr char kDiscovery[] = "discovery";
constexpr char kSizeBytes[] = "sizeBytes";
constexpr std::array<const char*, 7> kTargetKeys = {kNqn,     kUuid,      kNguid,    kNsid,
                                                    kPortals, kDiscovery, kSizeBytes};

constexpr absl::string_view kDiscoveryService = "8009";

constexpr std::uint32_t kLargestNsid = 0xFFFFFFFE;

absl::Status RefuseEntry(absl::string_view key, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(key, ": ", reason));
}

// The value of a key that must be there.
absl::StatusOr<std::string> Required(const StringMap& context, const std::string& key) {
  const auto entry = context.find(key);
  if (entry == context.end()) return RefuseEntry(key, "it is missing");
  return entry->second;
}

absl::StatusOr<std::optional<Uuid>> OptionalUuid(const StringMap& context, const std::string& key) {
  const auto entry = context.find(key);
  if (entry == context.end()) return std::nullopt;
  absl::StatusOr<Uuid> uuid = Uuid::Parse(entry->second);
  if (!uuid.ok()) return RefuseEntry(key, uuid.status().message());
  return *uuid;
}

// Decimal digits alone, from 1 to `largest`.
template <typename Number>
absl::StatusOr<std::optional<Number>> OptionalNumber(const StringMap& context,
                                                     const std::string& key, Number largest) {
  const auto entry = context.find(key);
  if (entry == context.end()) return std::nullopt;
  const std::string& text = entry->second;
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  Number number = 0;
  if (!digits || !absl::SimpleAtoi(text, &number) || number < 1 || number > largest) {
    return RefuseEntry(key, absl::StrCat(base::QuoteJson(text),
                                         " is not allowed: a whole number from 1 to ", largest));
  }
  return number;
}

absl::StatusOr<NamespaceIdentity> DecodeIdentity(const StringMap& context) {
  NamespaceIdentity identity;
  ASSIGN_OR_RETURN(identity.uuid, OptionalUuid(context, kUuid));
  ASSIGN_OR_RETURN(identity.nguid, OptionalUuid(context, kNguid));
  ASSIGN_OR_RETURN(identity.nsid, OptionalNumber(context, kNsid, kLargestNsid));
  if (identity == NamespaceIdentity{}) {
    return RefuseEntry(absl::StrCat(kUuid, ", ", kNguid, ", ", kNsid), "one of them must be given");
  }
  return identity;
}

absl::StatusOr<Portal> ParseDiscoveryPortal(absl::string_view text) {
  // No portal with a port is one with two.
  const absl::StatusOr<Portal> completed = ParsePortal(absl::StrCat(text, ":", kDiscoveryService));
  absl::StatusOr<Portal> portal = completed.ok() ? completed : ParsePortal(text);
  if (!portal.ok() || portal->transport == "tcp") return portal;
  return absl::InvalidArgumentError(absl::StrCat("discovery controller ", base::QuoteJson(text),
                                                 " is not allowed: the transport must be tcp"));
}

// The portals under a key that may be missing.
absl::StatusOr<std::vector<Portal>> DecodePortals(
    const StringMap& context, const std::string& key,
    absl::StatusOr<Portal> (*parse)(absl::string_view)) {
  std::vector<Portal> portals;
  const auto entry = context.find(key);
  if (entry == context.end()) return portals;
  for (const absl::string_view part : absl::StrSplit(entry->second, ',')) {
    absl::StatusOr<Portal> portal = parse(part);
    if (!portal.ok()) return RefuseEntry(key, portal.status().message());
    if (std::find(portals.begin(), portals.end(), *portal) != portals.end()) {
      return RefuseEntry(key,
                         absl::StrCat(base::QuoteJson(entry->second), " is not allowed: it names ",
                                      FormatPortal(*portal), " twice"));
    }
    portals.push_back(*std::move(portal));
  }
  return portals;
}

absl::StatusOr<Target> DecodeTarget(const StringMap& context) {
  ASSIGN_OR_RETURN(const std::string name, Required(context, kNqn));
  absl::StatusOr<Nqn> subsystem = Nqn::Parse(name);
  if (!subsystem.ok()) return RefuseEntry(kNqn, subsystem.status().message());
  ASSIGN_OR_RETURN(NamespaceIdentity identity, DecodeIdentity(context));
  ASSIGN_OR_RETURN(std::vector<Portal> portals, DecodePortals(context, kPortals, &ParsePortal));
  ASSIGN_OR_RETURN(std::vector<Portal> discovery,
                   DecodePortals(context, kDiscovery, &ParseDiscoveryPortal));
  if (portals.empty() && discovery.empty()) {
    return RefuseEntry(absl::StrCat(kPortals, ", ", kDiscovery), "one of them must be given");
  }
  ASSIGN_OR_RETURN(const std::optional<std::uint64_t> size_bytes,
                   OptionalNumber(context, kSizeBytes, std::numeric_limits<std::uint64_t>::max()));
  return Target{*std::move(subsystem), identity, std::move(portals), size_bytes.value_or(0),
                std::move(discovery)};
}

std::string Join(const std::vector<Portal>& portals) {
  return absl::StrJoin(portals, ",", [](std::string* out, const Portal& portal) {
    absl::StrAppend(out, FormatPortal(portal));
  });
}

}  // namespace

StringMap EncodePublishContext(const Target& target) {
  StringMap context;
  context[kNqn] = target.subsystem.text();
  const NamespaceIdentity& identity = target.identity;
  if (identity.uuid.has_value()) context[kUuid] = identity.uuid->Dashed();
  if (identity.nguid.has_value()) context[kNguid] = identity.nguid->Hex();
  if (identity.nsid.has_value()) context[kNsid] = absl::StrCat(*identity.nsid);
  if (!target.portals.empty()) context[kPortals] = Join(target.portals);
  if (!target.discovery.empty()) context[kDiscovery] = Join(target.discovery);
  if (target.size_bytes != 0) context[kSizeBytes] = absl::StrCat(target.size_bytes);
  return context;
}

absl::StatusOr<Target> DecodePublishContext(const StringMap& context) {
  absl::StatusOr<Target> target = DecodeTarget(context);
  if (!target.ok()) return base::Annotate(target.status(), "publish_context");
  return target;
}

absl::StatusOr<std::optional<Target>> TargetByHand(const StringMap& volume_context) {
  const bool by_hand = std::any_of(volume_context.begin(), volume_context.end(),
                                   [](const auto& entry) { return IsTargetKey(entry.first); });
  if (!by_hand) return std::nullopt;
  absl::StatusOr<Target> target = DecodeTarget(volume_context);
  if (!target.ok()) return base::Annotate(target.status(), "volume_context");
  return *std::move(target);
}

bool IsTargetKey(absl::string_view key) {
  return std::find(kTargetKeys.begin(), kTargetKeys.end(), key) != kTargetKeys.end();
}

}  // namespace nvmeof::volume
