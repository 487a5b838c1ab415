#include "target/nvmet_ports.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::target {
namespace {

constexpr int kMaximumPort = 65535;

constexpr char kOptimized[] = "optimized";
constexpr char kNonOptimized[] = "non-optimized";

std::string PortPath(const std::string& id) { return absl::StrCat("ports/", id); }

std::string LinkPath(const std::string& id, const volume::Nqn& subsystem) {
  return absl::StrCat("ports/", id, "/subsystems/", subsystem.text());
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Another administrator may have spelled the address in his own way.
volume::Portal Canonical(const volume::Portal& portal) {
  return volume::ParsePortal(volume::FormatPortal(portal)).value_or(portal);
}

bool IsFibreChannel(const volume::Portal& portal) {
  return portal.transport == volume::kFibreChannel;
}

std::string Family(const volume::Portal& portal) {
  if (IsFibreChannel(portal)) return "fc";
  return volume::IsIpv6(portal.address) ? "ipv6" : "ipv4";
}

void Add(absl::Status& sum, const absl::Status& one) {
  sum = sum.ok() ? one : absl::Status(sum.code(), absl::StrCat(sum.message(), "; ", one.message()));
}

}  // namespace

absl::Status NvmetPorts::Ensure(const Portals& portals) {
  absl::Status failure;
  for (const volume::Portal& portal : portals.all) {
    const bool last = absl::c_linear_search(portals.non_optimized, portal);
    absl::Status ensured = EnsureOne(portal, last ? kNonOptimized : kOptimized);
    if (!ensured.ok()) Add(failure, base::Annotate(ensured, volume::FormatPortal(portal)));
  }
  return failure;
}

absl::Status NvmetPorts::EnsureOne(const volume::Portal& portal, const std::string& ana_state) {
  absl::StatusOr<std::string> id = Find(portal);
  if (absl::IsNotFound(id.status())) {
    id = Allocate();
    if (id.ok()) RETURN_IF_ERROR(Configure(*id, portal));
  }
  RETURN_IF_ERROR(id.status());
  return SetAnaState(*id, ana_state);
}

// All volumes are in group 1, so that its state is the port's.
absl::Status NvmetPorts::SetAnaState(const std::string& id, const std::string& wanted) {
  const std::string path = absl::StrCat(PortPath(id), "/ana_groups/1/ana_state");
  ASSIGN_OR_RETURN(const std::string state, tree_.Read(path));
  const bool is_open = state == kOptimized || state == kNonOptimized;
  return is_open && state != wanted ? tree_.Write(path, wanted) : absl::OkStatus();
}

Links NvmetPorts::Link(const std::vector<volume::Nqn>& subsystems,
                       const std::vector<volume::Portal>& portals) {
  Links links;
  std::vector<std::string> wanted;
  for (const volume::Portal& portal : portals) {
    const absl::StatusOr<std::string> id = Find(portal);
    if (id.ok()) wanted.push_back(*id);
    absl::Status failure = id.status();
    for (const volume::Nqn& subsystem : subsystems) {
      if (!id.ok()) break;
      const absl::Status linked =
          tree_.Link(absl::StrCat("subsystems/", subsystem.text()), LinkPath(*id, subsystem));
      if (linked.ok()) ++links.count;
      if (!linked.ok()) failure = linked;
    }
    if (!failure.ok()) Add(links.failure, base::Annotate(failure, volume::FormatPortal(portal)));
  }
  const absl::StatusOr<std::vector<std::string>> ids = tree_.List("ports");
  if (!ids.ok()) Add(links.failure, ids.status());
  for (const std::string& id : ids.value_or(std::vector<std::string>{})) {
    if (Contains(wanted, id)) continue;
    if (absl::Status cut = UnlinkFrom(id, subsystems); !cut.ok()) Add(links.failure, cut);
  }
  return links;
}

absl::StatusOr<std::vector<volume::Nqn>> NvmetPorts::Misplaced(
    const std::vector<volume::Nqn>& subsystems, const std::vector<volume::Portal>& portals) const {
  std::vector<std::string> wanted;
  for (const volume::Portal& portal : portals) {
    absl::StatusOr<std::string> id = Find(portal);
    if (absl::IsNotFound(id.status())) return subsystems;
    RETURN_IF_ERROR(id.status());
    wanted.push_back(*std::move(id));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, tree_.List("ports"));
  std::set<volume::Nqn> misplaced;
  for (const std::string& id : ids) {
    absl::StatusOr<std::vector<std::string>> linked =
        tree_.List(absl::StrCat(PortPath(id), "/subsystems"));
    if (absl::IsNotFound(linked.status())) linked = std::vector<std::string>{};
    RETURN_IF_ERROR(linked.status());
    const std::set<std::string> names(linked->begin(), linked->end());
    for (const volume::Nqn& subsystem : subsystems) {
      if (names.contains(subsystem.text()) != Contains(wanted, id)) misplaced.insert(subsystem);
    }
  }
  return std::vector<volume::Nqn>(misplaced.begin(), misplaced.end());
}

absl::Status NvmetPorts::Unlink(const volume::Nqn& subsystem) {
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, tree_.List("ports"));
  for (const std::string& id : ids) RETURN_IF_ERROR(UnlinkFrom(id, {subsystem}));
  return absl::OkStatus();
}

absl::Status NvmetPorts::UnlinkFrom(const std::string& id,
                                    const std::vector<volume::Nqn>& subsystems) {
  const absl::StatusOr<std::vector<std::string>> linked =
      tree_.List(absl::StrCat(PortPath(id), "/subsystems"));
  if (absl::IsNotFound(linked.status())) return absl::OkStatus();
  RETURN_IF_ERROR(linked.status());
  for (const volume::Nqn& subsystem : subsystems) {
    if (!Contains(*linked, subsystem.text())) continue;
    RETURN_IF_ERROR(tree_.Unlink(LinkPath(id, subsystem)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> NvmetPorts::Find(const volume::Portal& portal) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, tree_.List("ports"));
  for (const std::string& id : ids) {
    const absl::StatusOr<volume::Portal> there = Read(id);
    if (absl::IsNotFound(there.status())) continue;
    RETURN_IF_ERROR(there.status());
    if (Canonical(*there) == portal) return id;
  }
  return absl::NotFoundError("the kernel target has no port with this address");
}

absl::StatusOr<volume::Portal> NvmetPorts::Read(const std::string& id) const {
  volume::Portal portal;
  ASSIGN_OR_RETURN(portal.transport, tree_.Read(absl::StrCat(PortPath(id), "/addr_trtype")));
  ASSIGN_OR_RETURN(portal.address, tree_.Read(absl::StrCat(PortPath(id), "/addr_traddr")));
  ASSIGN_OR_RETURN(portal.service, tree_.Read(absl::StrCat(PortPath(id), "/addr_trsvcid")));
  return portal;
}

// A port without an address is one that was cut short by a crash: nobody can use it as it is.
absl::StatusOr<std::string> NvmetPorts::Allocate() {
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, tree_.List("ports"));
  for (const std::string& id : ids) {
    ASSIGN_OR_RETURN(const volume::Portal there, Read(id));
    if (there.address.empty()) return id;
  }
  for (int number = 1; number <= kMaximumPort; ++number) {
    const std::string id = absl::StrCat(number);
    ASSIGN_OR_RETURN(const bool made, tree_.MakeDirectory(PortPath(id)));
    if (made) return id;
  }
  return absl::ResourceExhaustedError("all port numbers of the kernel target are taken");
}

// The address last: it makes the port one that Find knows.
absl::Status NvmetPorts::Configure(const std::string& id, const volume::Portal& portal) {
  const std::string path = PortPath(id);
  RETURN_IF_ERROR(tree_.Write(path + "/addr_trtype", portal.transport));
  RETURN_IF_ERROR(tree_.Write(path + "/addr_adrfam", Family(portal)));
  // The kernel takes no empty text.
  RETURN_IF_ERROR(
      tree_.Write(path + "/addr_trsvcid", IsFibreChannel(portal) ? "none" : portal.service));
  return tree_.Write(path + "/addr_traddr", portal.address);
}

}  // namespace nvmeof::target
