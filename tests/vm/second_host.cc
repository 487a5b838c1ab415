#include "tests/vm/second_host.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "tests/vm/plugin.h"

namespace nvmeof::testing {

Host SecondHost::host() {
  const std::string id = "0d3f8a52-11d0-4c55-8f0e-5b5a6d1f7c02";
  return {"nqn.2014-08.org.nvmexpress:uuid:" + id, id};
}

absl::StatusOr<std::unique_ptr<SecondHost>> SecondHost::Start(Lab& lab) {
  std::unique_ptr<SecondHost> second(new SecondHost(lab));
  RETURN_IF_ERROR(base::EnsureDirectory(second->kubelet()));
  RETURN_IF_ERROR(base::EnsureDirectory(second->state_folder()));
  const std::string nqn_file = lab.Folder("hostnqn-second");
  const std::string id_file = lab.Folder("hostid-second");
  RETURN_IF_ERROR(base::WriteFileAtomically(nqn_file, host().nqn + "\n"));
  RETURN_IF_ERROR(base::WriteFileAtomically(id_file, host().id + "\n"));
  ASSIGN_OR_RETURN(second->node_,
                   StartPlugin({.arguments = {"node", "--state-dir", second->state_folder(),
                                              "--hostnqn-file", nqn_file, "--hostid-file", id_file},
                                .socket = lab.Socket("node-second"),
                                .log = lab.LogFile("node-second")}));
  return second;
}

}  // namespace nvmeof::testing
