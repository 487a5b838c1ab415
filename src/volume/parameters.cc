#include "volume/parameters.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "base/json.h"
#include "base/status_macros.h"
#include "volume/parameter_keys.h"
#include "volume/publish_context.h"

namespace nvmeof::volume {
namespace {

// Keys that sidecars and orchestrators add.
constexpr std::array<absl::string_view, 2> kForeignPrefixes = {"csi.storage.k8s.io/",
                                                               "storage.kubernetes.io/"};

// docs/PARAMETERS.md argues these.
void FillDefaults(AttachPolicy& attach) {
  ConnectOptions& connect = attach.connect;
  if (!connect.ctrl_loss_tmo.has_value()) connect.ctrl_loss_tmo = absl::Seconds(1800);
  if (!connect.reconnect_delay.has_value()) {
    connect.reconnect_delay = std::min(absl::Seconds(5), *connect.ctrl_loss_tmo);
  }
  if (!connect.keep_alive_tmo.has_value()) connect.keep_alive_tmo = absl::Seconds(5);
  if (!connect.nr_io_queues.has_value()) connect.nr_io_queues = 8;
  if (!attach.io_policy.has_value()) attach.io_policy = IoPolicy::kQueueDepth;
}

absl::Status RefuseParameter(absl::string_view key, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("parameter ", key, ": ", reason));
}

const ParameterKey* FindKey(absl::string_view name) {
  const absl::Span<const ParameterKey> keys = ParameterKeys();
  const auto* const found = std::find_if(
      keys.begin(), keys.end(), [name](const ParameterKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : found;
}

absl::Status RefuseUnknown(const std::string& name, const std::string& value) {
  const auto append_name = [](std::string* out, const ParameterKey& key) {
    absl::StrAppend(out, key.name);
  };
  return RefuseParameter(
      base::QuoteJson(name),
      absl::StrCat("there is no such key (its value is ", base::QuoteJson(value),
                   "); allowed: ", absl::StrJoin(ParameterKeys(), ", ", append_name)));
}

// hostTraddr and hostIface as host sides: in pairs where both are given.
absl::StatusOr<std::vector<HostSide>> HostSides(const ParameterDraft& draft) {
  const auto& [parameters, addresses, interfaces] = draft;
  if (!addresses.empty() && !interfaces.empty() && addresses.size() != interfaces.size()) {
    return RefuseParameter(
        "hostTraddr", absl::StrCat("it has ", addresses.size(), " elements and hostIface ",
                                   interfaces.size(), "; both given are pairs and need as many"));
  }
  std::vector<HostSide> sides(std::max(addresses.size(), interfaces.size()));
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (!addresses.empty()) sides[i].address = addresses[i];
    if (!interfaces.empty()) sides[i].interface = interfaces[i];
    const absl::string_view key = addresses.empty() ? "hostIface" : "hostTraddr";
    if (sides[i] == HostSide{}) {
      return RefuseParameter(
          key, absl::StrCat("element ", i + 1, " names neither address nor interface"));
    }
    if (IsFibreChannel(sides[i].address) && !sides[i].interface.empty()) {
      return RefuseParameter("hostIface",
                             absl::StrCat("element ", i + 1, " is \"", sides[i].interface,
                                          "\" beside the Fibre Channel port ", sides[i].address,
                                          "; only tcp has interfaces"));
    }
    const auto here = sides.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(sides.begin(), here, sides[i]) != here) {
      return RefuseParameter(key, absl::StrCat("element ", i + 1, " is there twice"));
    }
  }
  return sides;
}

std::string Seconds(absl::Duration duration) {
  return absl::StrCat("\"", absl::ToInt64Seconds(duration), "\"");
}

// REQUIRES: the defaults are filled in.
absl::Status CheckTogether(const AttachPolicy& policy) {
  const ConnectOptions& connect = policy.connect;
  const absl::Duration loss = *connect.ctrl_loss_tmo;
  if (*connect.reconnect_delay > loss) {
    return RefuseParameter("reconnectDelay",
                           absl::StrCat(Seconds(*connect.reconnect_delay), " is over ctrlLossTmo ",
                                        Seconds(loss), "; allowed: at most ctrlLossTmo"));
  }
  if (connect.fast_io_fail_tmo.has_value() && *connect.fast_io_fail_tmo >= loss) {
    return RefuseParameter(
        "fastIoFailTmo",
        absl::StrCat(Seconds(*connect.fast_io_fail_tmo), " is not under ctrlLossTmo ",
                     Seconds(loss), "; allowed: less than ctrlLossTmo"));
  }
  if (policy.max_paths != 0 && policy.max_paths < policy.min_paths) {
    return RefuseParameter("maxPaths",
                           absl::StrCat("\"", policy.max_paths, "\" is under minPaths \"",
                                        policy.min_paths, "\"; allowed: 0, or at least minPaths"));
  }
  return absl::OkStatus();
}

// Keys that the filter answers true for are passed over.
template <typename Filter>
absl::StatusOr<Parameters> Parse(const StringMap& map, Filter is_foreign) {
  ParameterDraft draft;
  for (const auto& [name, value] : map) {
    const ParameterKey* key = FindKey(name);
    if (is_foreign(name, key)) continue;
    if (key == nullptr) return RefuseUnknown(name, value);
    if (!key->read(value, draft)) {
      return RefuseParameter(
          name, absl::StrCat(base::QuoteJson(value), " is not allowed; allowed: ", key->allowed));
    }
  }
  ASSIGN_OR_RETURN(draft.parameters.attach.host_sides, HostSides(draft));
  FillDefaults(draft.parameters.attach);
  RETURN_IF_ERROR(CheckTogether(draft.parameters.attach));
  return std::move(draft.parameters);
}

}  // namespace

absl::StatusOr<Parameters> ParseParameters(const StringMap& parameters) {
  return Parse(parameters, [](const std::string& name, const ParameterKey* /*key*/) {
    return absl::StartsWith(name, kForeignPrefixes[0]);
  });
}

StringMap EncodeVolumeContext(const Parameters& parameters) {
  StringMap context;
  for (const ParameterKey& key : ParameterKeys()) {
    std::optional<std::string> value = key.write(parameters.attach);
    if (value.has_value()) context.emplace(key.name, *std::move(value));
  }
  return context;
}

absl::StatusOr<AttachPolicy> DecodeVolumeContext(const StringMap& context) {
  const auto is_foreign = [](const std::string& name, const ParameterKey* key) {
    return std::any_of(
               kForeignPrefixes.begin(), kForeignPrefixes.end(),
               [&name](absl::string_view prefix) { return absl::StartsWith(name, prefix); }) ||
           (key != nullptr && key->scope == ParameterScope::kCreate) || IsTargetKey(name);
  };
  ASSIGN_OR_RETURN(Parameters parameters, Parse(context, is_foreign));
  return std::move(parameters.attach);
}

}  // namespace nvmeof::volume
