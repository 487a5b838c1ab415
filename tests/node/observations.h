// Observations, piece by piece: for the tables of Diagnose and PlanReconcile.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "node/diagnosis.h"

namespace nvmeof::testing {

using State = nvme::ControllerState;

inline constexpr char kHostOfTests[] = "nqn.2014-08.org.example:host";
inline constexpr base::DeviceNumber kDiskNumber{259, 1};
inline constexpr base::DeviceNumber kOldNumber{259, 9};

inline volume::Uuid UuidOf(int n) {
  return *volume::Uuid::Parse(absl::StrCat("4c0f1e8a-1111-4222-8333-44445555666", n));
}
inline volume::Path PathAt(int n) { return {{"tcp", absl::StrCat("192.0.2.", n), "4420"}, {}}; }

// Volume n of the subsystem: NSID n, wanted over 192.0.2.1 and .2.
inline volume::Target TargetOfTests(int n = 1) {
  return {*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:s"),
          {UuidOf(n), std::nullopt, static_cast<std::uint32_t>(n)},
          {PathAt(1).portal, PathAt(2).portal},
          0};
}

inline nvme::Controller ControllerAt(int n, State state) {
  return {absl::StrCat("nvme", n), state, PathAt(n), kHostOfTests};
}

inline nvme::Namespace NamespaceOf(int n, int nsid = 0, base::DeviceNumber number = kDiskNumber) {
  return {absl::StrCat("nvme1n", n),
          absl::StrCat("/dev/nvme1n", n),
          number,
          static_cast<std::uint32_t>(nsid == 0 ? n : nsid),
          UuidOf(n),
          std::nullopt,
          std::uint64_t{1} << 30};
}

// Each controller has a path disk for each namespace.
inline nvme::Subsystem SubsystemOf(std::vector<nvme::Controller> controllers,
                                   std::vector<nvme::Namespace> namespaces,
                                   std::string io_policy = "numa") {
  for (nvme::Controller& controller : controllers) {
    controller.serves.clear();
    for (const nvme::Namespace& ns : namespaces) controller.serves.push_back(ns.nsid);
  }
  return {"nvme-subsys1", TargetOfTests().subsystem.text(), std::move(io_policy),
          std::move(controllers), std::move(namespaces)};
}

inline nvme::Subsystem BothLive() {
  return SubsystemOf({ControllerAt(1, State::kLive), ControllerAt(2, State::kLive)},
                     {NamespaceOf(1)});
}

inline node::Observation Seen(std::optional<nvme::Subsystem> subsystem,
                              std::vector<node::Endpoint> endpoints = {}) {
  return {TargetOfTests(), {PathAt(1), PathAt(2)}, std::move(subsystem), std::move(endpoints)};
}

}  // namespace nvmeof::testing
