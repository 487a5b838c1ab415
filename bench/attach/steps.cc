#include "bench/attach/steps.h"

#include <iostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "base/status_macros.h"
#include "tests/vm/network.h"

namespace nvmeof::bench {
namespace {

absl::Status BareOneAfterAnother(BareHost& bare, absl::Span<PodVolume> volumes) {
  volume::Path path;
  path.portal.address = testing::Network::PortalAddress(0);
  for (const PodVolume& volume : volumes) {
    RETURN_IF_ERROR(bare.Attach(volume.nqn(), {path}).status());
  }
  return absl::OkStatus();
}

}  // namespace

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.1f", absl::ToDoubleMilliseconds(duration));
}

void PrintRow(const std::string& title, const Samples& base, const Samples& with,
              const std::string& goal) {
  std::cout << absl::StreamFormat("| %s | %s (%s) | %s (%s) | **%.2f** | %s |\n", title,
                                  Milliseconds(base.median()), Milliseconds(base.p99()),
                                  Milliseconds(with.median()), Milliseconds(with.p99()),
                                  absl::FDivDuration(with.median(), base.median()), goal);
}

absl::Status StageAndPublish(PodVolume& volume) {
  RETURN_IF_ERROR(volume.Stage());
  return volume.Publish();
}

absl::Status UnpublishAndUnstage(PodVolume& volume) {
  RETURN_IF_ERROR(volume.Unpublish());
  return volume.Unstage();
}

absl::StatusOr<std::vector<PodVolume>> Exported(const testing::Cluster& cluster,
                                                const std::string& name, int count) {
  std::vector<PodVolume> volumes;
  for (int i = 0; i < count; ++i) {
    volumes.push_back(PodVolume(cluster, {.name = absl::StrCat(name, "-", i),
                                          .kind = testing::VolumeKind::kBlock,
                                          .bytes = kVolumeBytes,
                                          .parameters = {{"minPaths", "1"}, {"maxPaths", "1"}}}));
    RETURN_IF_ERROR(volumes.back().Create());
    RETURN_IF_ERROR(volumes.back().ControllerPublish());
  }
  return volumes;
}

absl::Status Withdraw(absl::Span<PodVolume> volumes) {
  for (PodVolume& volume : volumes) {
    RETURN_IF_ERROR(volume.ControllerUnpublish());
    RETURN_IF_ERROR(volume.Delete());
  }
  return absl::OkStatus();
}

absl::Status AtOnce(absl::Span<PodVolume> volumes,
                    const std::function<absl::Status(PodVolume&)>& step) {
  std::vector<absl::Status> answers(volumes.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    threads.emplace_back([&, i] { answers[i] = step(volumes[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& answer : answers) RETURN_IF_ERROR(answer);
  return absl::OkStatus();
}

absl::Status Storm(BareHost& bare, absl::Span<PodVolume> volumes, int rounds,
                   const std::string& goal) {
  Samples kernel;
  Samples driver;
  for (int round = 0; round < rounds; ++round) {
    RETURN_IF_ERROR(kernel.Time([&] { return BareOneAfterAnother(bare, volumes); }));
    RETURN_IF_ERROR(bare.Detach());
    RETURN_IF_ERROR(driver.Time([&] { return AtOnce(volumes, StageAndPublish); }));
    RETURN_IF_ERROR(AtOnce(volumes, UnpublishAndUnstage));
  }
  PrintRow(absl::StrCat("attach: ", volumes.size(), " volumes at once / kernel one after another, ",
                        rounds, " rounds"),
           kernel, driver, goal);
  return absl::OkStatus();
}

}  // namespace nvmeof::bench
