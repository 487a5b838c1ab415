// NvmetExport: a subsystem of the kernel target made by hand, for what the agent never makes: two
// volumes in one subsystem, a host that nobody allowed, a foreign identity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nvmeof::testing {

struct HandMadeNamespace {
  std::uint32_t nsid = 1;
  std::string uuid;
  std::string file;  // backing file; made sparse when absent
  std::int64_t bytes = std::int64_t{64} << 20;
};

// Exported to every host. Destruction takes it down.
class NvmetExport {
 public:
  // On all portals of the lab's network, and at these further addresses.
  static absl::StatusOr<std::unique_ptr<NvmetExport>> Create(
      const std::string& nqn, const std::vector<HandMadeNamespace>& namespaces,
      const std::vector<std::string>& further = {});
  NvmetExport(const NvmetExport&) = delete;
  NvmetExport& operator=(const NvmetExport&) = delete;
  ~NvmetExport();

  // The discovery controller at one of its portals, counted from 0 in the order of Create, tells of
  // the one at another.
  absl::Status Refer(std::size_t from, std::size_t to) const;

  // publish_context of one of its namespaces, as the controller plugin would give it.
  static std::map<std::string, std::string> PublishContext(const std::string& nqn,
                                                           const HandMadeNamespace& wanted);

 private:
  NvmetExport(std::string nqn, std::vector<std::string> addresses)
      : nqn_(std::move(nqn)), addresses_(std::move(addresses)) {}
  absl::Status AddNamespace(const HandMadeNamespace& wanted) const;
  absl::Status AddPort(std::size_t portal) const;

  const std::string nqn_;
  const std::vector<std::string> addresses_;
};

}  // namespace nvmeof::testing
