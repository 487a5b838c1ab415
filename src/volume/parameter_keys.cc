#include "volume/parameter_keys.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

#include "volume/volume_id.h"

namespace nvmeof::volume {
namespace {

constexpr std::int64_t kThirtyDays = 2592000;  // seconds
constexpr std::size_t kMostHostSides = 32;
constexpr absl::string_view kNever = "-1";

bool ReadNumber(absl::string_view text, std::int64_t least, std::int64_t most, std::int64_t& into) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  return digits && absl::SimpleAtoi(text, &into) && into >= least && into <= most;
}

template <int kLeast, int kMost, typename Into>
bool ReadInt(absl::string_view text, Into& into) {
  std::int64_t number = 0;
  if (!ReadNumber(text, kLeast, kMost, number)) return false;
  into = static_cast<int>(number);
  return true;
}

bool ReadSeconds(absl::string_view text, std::int64_t most, std::optional<absl::Duration>& into) {
  std::int64_t seconds = 0;
  if (!ReadNumber(text, 1, most, seconds)) return false;
  into = absl::Seconds(seconds);
  return true;
}

bool ReadBool(absl::string_view text, bool& into) {
  into = text == "true";
  return text == "true" || text == "false";
}

bool ReadProvisioning(absl::string_view text, ParameterDraft& into) {
  into.parameters.provisioning = text == "thin" ? Provisioning::kThin : Provisioning::kThick;
  return text == "thin" || text == "thick";
}

bool ReadIoPolicy(absl::string_view text, ParameterDraft& into) {
  for (const IoPolicy policy : {IoPolicy::kNuma, IoPolicy::kRoundRobin, IoPolicy::kQueueDepth}) {
    if (text != Name(policy)) continue;
    into.parameters.attach.io_policy = policy;
    return true;
  }
  return false;
}

// Empty elements stay: they stand beside an element of the other list.
template <typename Read>
bool ReadList(absl::string_view text, std::vector<std::string>& into, Read read) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    std::optional<std::string> element = part.empty() ? "" : read(part);
    if (!element.has_value()) return false;
    into.push_back(*std::move(element));
  }
  return into.size() <= kMostHostSides;
}

bool ReadAddresses(absl::string_view text, ParameterDraft& into) {
  return ReadList(text, into.addresses, [](absl::string_view part) -> std::optional<std::string> {
    absl::StatusOr<std::string> address =
        IsFibreChannel(part) ? CanonicalFibreChannel(part) : CanonicalAddress(part);
    if (!address.ok()) return std::nullopt;
    return *std::move(address);
  });
}

bool ReadInterfaces(absl::string_view text, ParameterDraft& into) {
  return ReadList(text, into.interfaces, [](absl::string_view part) -> std::optional<std::string> {
    if (!IsInterfaceName(part)) return std::nullopt;
    return std::string(part);
  });
}

std::optional<std::string> WriteInt(std::optional<int> number) {
  if (!number.has_value()) return std::nullopt;
  return absl::StrCat(*number);
}

std::optional<std::string> WriteSeconds(std::optional<absl::Duration> duration) {
  if (!duration.has_value()) return std::nullopt;
  if (*duration == absl::InfiniteDuration()) return std::string(kNever);
  return absl::StrCat(absl::ToInt64Seconds(*duration));
}

std::optional<std::string> WriteBool(bool value) { return value ? "true" : "false"; }

std::optional<std::string> WriteIoPolicy(std::optional<IoPolicy> policy) {
  if (!policy.has_value()) return std::nullopt;
  return std::string(Name(*policy));
}

// One member of all host sides, in their order; nothing where no side has it.
std::optional<std::string> WriteSides(const std::vector<HostSide>& sides,
                                      std::string HostSide::*member) {
  const bool any = std::any_of(sides.begin(), sides.end(),
                               [member](const HostSide& side) { return !(side.*member).empty(); });
  if (!any) return std::nullopt;
  return absl::StrJoin(sides, ",", [member](std::string* out, const HostSide& side) {
    absl::StrAppend(out, side.*member);
  });
}

std::optional<std::string> WriteNothing(const AttachPolicy& /*from*/) { return std::nullopt; }

constexpr auto kCreate = ParameterScope::kCreate;
constexpr auto kAttach = ParameterScope::kAttach;
using Text = absl::string_view;
using Draft = ParameterDraft;

constexpr std::array<ParameterKey, 15> kKeys = {{
    {"backend", kCreate, "a name of the backends file: a-z, 0-9 and inner -, at most 40 bytes",
     [](Text text, Draft& into) {
       into.parameters.backend = std::string(text);
       return IsPlaceName(text);
     },
     WriteNothing},
    {"provisioning", kCreate, "thin or thick", ReadProvisioning, WriteNothing},
    {"ctrlLossTmo", kAttach, "whole seconds from 1 to 2592000, or -1 for never",
     [](Text text, Draft& into) {
       std::optional<absl::Duration>& member = into.parameters.attach.connect.ctrl_loss_tmo;
       if (text != kNever) return ReadSeconds(text, kThirtyDays, member);
       member = absl::InfiniteDuration();
       return true;
     },
     [](const AttachPolicy& from) { return WriteSeconds(from.connect.ctrl_loss_tmo); }},
    {"reconnectDelay", kAttach, "whole seconds from 1 to 3600",
     [](Text text, Draft& into) {
       return ReadSeconds(text, 3600, into.parameters.attach.connect.reconnect_delay);
     },
     [](const AttachPolicy& from) { return WriteSeconds(from.connect.reconnect_delay); }},
    {"fastIoFailTmo", kAttach, "whole seconds from 1 to 2592000",
     [](Text text, Draft& into) {
       return ReadSeconds(text, kThirtyDays, into.parameters.attach.connect.fast_io_fail_tmo);
     },
     [](const AttachPolicy& from) { return WriteSeconds(from.connect.fast_io_fail_tmo); }},
    {"keepAliveTmo", kAttach, "whole seconds from 1 to 3600",
     [](Text text, Draft& into) {
       return ReadSeconds(text, 3600, into.parameters.attach.connect.keep_alive_tmo);
     },
     [](const AttachPolicy& from) { return WriteSeconds(from.connect.keep_alive_tmo); }},
    {"nrIoQueues", kAttach, "a whole number from 1 to 1024",
     [](Text text, Draft& into) {
       return ReadInt<1, 1024>(text, into.parameters.attach.connect.nr_io_queues);
     },
     [](const AttachPolicy& from) { return WriteInt(from.connect.nr_io_queues); }},
    {"queueSize", kAttach, "a whole number from 16 to 1024",
     [](Text text, Draft& into) {
       return ReadInt<16, 1024>(text, into.parameters.attach.connect.queue_size);
     },
     [](const AttachPolicy& from) { return WriteInt(from.connect.queue_size); }},
    {"hdrDigest", kAttach, "true or false",
     [](Text text, Draft& into) {
       return ReadBool(text, into.parameters.attach.connect.hdr_digest);
     },
     [](const AttachPolicy& from) { return WriteBool(from.connect.hdr_digest); }},
    {"dataDigest", kAttach, "true or false",
     [](Text text, Draft& into) {
       return ReadBool(text, into.parameters.attach.connect.data_digest);
     },
     [](const AttachPolicy& from) { return WriteBool(from.connect.data_digest); }},
    {"ioPolicy", kAttach, "numa, round-robin or queue-depth", ReadIoPolicy,
     [](const AttachPolicy& from) { return WriteIoPolicy(from.io_policy); }},
    {"minPaths", kAttach, "a whole number from 1 to 64",
     [](Text text, Draft& into) { return ReadInt<1, 64>(text, into.parameters.attach.min_paths); },
     [](const AttachPolicy& from) { return WriteInt(from.min_paths); }},
    {"maxPaths", kAttach, "a whole number from 1 to 64, or 0 for all",
     [](Text text, Draft& into) { return ReadInt<0, 64>(text, into.parameters.attach.max_paths); },
     [](const AttachPolicy& from) { return WriteInt(from.max_paths); }},
    {"hostTraddr", kAttach,
     "at most 32 IP addresses without zone ids or Fibre Channel ports nn-0x<16 hex "
     "digits>:pn-0x<16 "
     "hex digits>, separated by commas",
     ReadAddresses,
     [](const AttachPolicy& from) { return WriteSides(from.host_sides, &HostSide::address); }},
    {"hostIface", kAttach, "at most 32 interface names of at most 15 bytes, separated by commas",
     ReadInterfaces,
     [](const AttachPolicy& from) { return WriteSides(from.host_sides, &HostSide::interface); }},
}};

}  // namespace

absl::Span<const ParameterKey> ParameterKeys() { return kKeys; }

}  // namespace nvmeof::volume
