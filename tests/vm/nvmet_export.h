// NvmetExport: a subsystem of the kernel target made by hand, for what the agent never makes: two
// volumes in one subsystem, a host that nobody allowed, a foreign identity.
#pragma once

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

// Exported to every host on all portals of the lab's network. Destruction takes it down.
class NvmetExport {
 public:
  static absl::StatusOr<std::unique_ptr<NvmetExport>> Create(
      const std::string& nqn, const std::vector<HandMadeNamespace>& namespaces);
  NvmetExport(const NvmetExport&) = delete;
  NvmetExport& operator=(const NvmetExport&) = delete;
  ~NvmetExport();

  // publish_context of one of its namespaces, as the controller plugin would give it.
  static std::map<std::string, std::string> PublishContext(const std::string& nqn,
                                                           const HandMadeNamespace& wanted);

 private:
  explicit NvmetExport(std::string nqn) : nqn_(std::move(nqn)) {}
  absl::Status AddNamespace(const HandMadeNamespace& wanted) const;
  absl::Status AddPort(int portal) const;

  const std::string nqn_;
};

}  // namespace nvmeof::testing
