#include "target/agent.h"

#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "base/status_macros.h"
#include "target/upkeep.h"

namespace nvmeof::target {
namespace {

// Calls that the kernel holds; more than this and the agent says that it is busy.
constexpr int kWorkers = 32;
constexpr int kFences = 16;

constexpr absl::Duration kPoolWatch = absl::Minutes(1);

absl::Status Check(const AgentOptions& options) {
  if (options.portals.all.empty()) return absl::InvalidArgumentError("no portal");
  for (const volume::Portal& portal : options.portals.all) {
    if (portal.address == "0.0.0.0" || portal.address == "::") {
      return absl::InvalidArgumentError(absl::StrCat(
          "portal ", volume::FormatPortal(portal), ": hosts need an address that they can reach"));
    }
  }
  if (options.provisioning == volume::Provisioning::kBackendDefault) {
    return absl::InvalidArgumentError("the agent's provisioning is neither thin nor thick");
  }
  if (options.provisioning == volume::Provisioning::kThick &&
      std::holds_alternative<volume::LvmThinPool>(options.pool)) {
    return absl::InvalidArgumentError("an LVM thin pool has no thick volumes");
  }
  if (options.reserve_percent < 0 || options.reserve_percent > 99) {
    return absl::InvalidArgumentError(
        absl::StrCat("a reserve of ", options.reserve_percent, " percent"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Agent>> Agent::Start(const AgentOptions& options,
                                                    base::CommandRunner& runner,
                                                    const base::Clock& clock) {
  RETURN_IF_ERROR(Check(options));
  RETURN_IF_ERROR(KernelConfigfs().CheckPresent());
  ASSIGN_OR_RETURN(OpenedPool opened,
                   OpenPool(options.pool, options.state_directory, runner, clock));
  ASSIGN_OR_RETURN(std::unique_ptr<RecordFolder> folder,
                   RecordFolder::Open(opened.records_directory));
  ASSIGN_OR_RETURN(std::unique_ptr<VolumeStore> store, VolumeStore::Load(*folder));
  std::unique_ptr<Agent> agent(
      new Agent(options, clock, std::move(opened), std::move(folder), std::move(store)));
  agent->provisioner_.Recover();
  agent->exporter_.Restore();
  agent->restorer_ = std::thread([raw = agent.get()] { raw->KeepRestoring(); });
  agent->looks_.emplace(kPoolWatch, [raw = agent.get()] { raw->pool_watch_.Look(); });
  return agent;
}

Agent::Agent(const AgentOptions& options, const base::Clock& clock, OpenedPool opened,
             std::unique_ptr<RecordFolder> folder, std::unique_ptr<VolumeStore> store)
    : clock_(clock),
      opened_(std::move(opened)),
      folder_(std::move(folder)),
      store_(std::move(store)),
      room_(*opened_.pool, *store_, options.reserve_percent),
      exporter_({*opened_.pool, *store_, claims_}, configfs_, options.portals),
      provisioner_({*opened_.pool, *store_, claims_}, exporter_, room_,
                   {.usual = options.provisioning, .drained = options.drained}),
      workers_(clock, kWorkers),
      fences_(clock, kFences),
      service_({provisioner_, exporter_, *store_, workers_, fences_, clock, options.version}),
      pool_watch_(room_) {}

Agent::~Agent() {
  stop_.Notify();
  if (restorer_.joinable()) restorer_.join();
  // Steps that outlived their calls use the service, which is destroyed before the workers.
  workers_.Finish();
  fences_.Finish();
}

void Agent::KeepRestoring() {
  Upkeep upkeep(exporter_, clock_.Now());
  absl::Duration pause = Upkeep::kFirstPause;
  while (!stop_.WaitForNotificationWithTimeout(pause)) pause = upkeep.Do(clock_.Now());
}

}  // namespace nvmeof::target
