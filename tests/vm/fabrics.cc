#include "tests/vm/fabrics.h"

#include <cerrno>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

class SoftRdma final : public Fabric {
 public:
  ~SoftRdma() override {
    for (int link = 0; link < kPortals; ++link) {
      RunTool({"ip", "link", "delete", Interface(link)}).IgnoreError();
    }
  }

  absl::Status Make() {
    RETURN_IF_ERROR(RunTool({"modprobe", "-a", "dummy", "rdma_rxe", "nvme-rdma", "nvmet-rdma"}));
    for (int link = 0; link < kPortals; ++link) {
      const std::string interface = Interface(link);
      RETURN_IF_ERROR(RunTool({"ip", "link", "add", interface, "type", "dummy"}));
      RETURN_IF_ERROR(
          RunTool({"ip", "address", "add", absl::StrCat(Address(link), "/24"), "dev", interface}));
      RETURN_IF_ERROR(RunTool({"ip", "link", "set", interface, "up"}));
      RETURN_IF_ERROR(AddDevice(link));
    }
    return absl::OkStatus();
  }

  std::string portal(int number) const override {
    return absl::StrCat("rdma://", Address(number), ":4420");
  }
  std::string host_address() const override { return ""; }
  absl::Status Cut(int portal) override {
    return RunTool({"rdma", "link", "delete", Device(portal)});
  }
  bool heals() const override { return true; }
  absl::Status Heal(int portal, Exported& exported) override {
    RETURN_IF_ERROR(AddDevice(portal));
    RETURN_IF_ERROR(exported.UnlinkFrom(Address(portal)));
    return exported.Relink();
  }

 private:
  static std::string Device(int link) { return absl::StrCat("rxe", link); }
  static std::string Interface(int link) { return absl::StrCat("roce", link); }
  static absl::Status AddDevice(int link) {
    return RunTool({"rdma", "link", "add", Device(link), "type", "rxe", "netdev", Interface(link)});
  }
  static std::string Address(int link) { return absl::StrCat("10.78.", link, ".1"); }
};

// One write is one command.
absl::Status Tell(const std::string& command, const std::string& words) {
  std::ofstream file(absl::StrCat("/sys/class/fcloop/ctl/", command));
  file << words << std::flush;
  if (file.good()) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat(command, " ", words));
}

class LoopedFibreChannel final : public Fabric {
 public:
  ~LoopedFibreChannel() override {
    for (int number = 0; number < kPortals; ++number) {
      Tell("del_target_port", Names(kTarget, number)).IgnoreError();
      Tell("del_remote_port", Names(kTarget, number)).IgnoreError();
    }
    Tell("del_local_port", Names(kHost)).IgnoreError();
  }

  absl::Status Make() {
    RETURN_IF_ERROR(RunTool({"modprobe", "-a", "nvme-fc", "nvmet-fc", "nvme-fcloop"}));
    RETURN_IF_ERROR(Tell("add_local_port", Names(kHost)));
    for (int number = 0; number < kPortals; ++number) {
      RETURN_IF_ERROR(Tell("add_target_port", Names(kTarget, number)));
      RETURN_IF_ERROR(
          Tell("add_remote_port", absl::StrCat(Names(kTarget, number), ",lpwwnn=", Node(kHost),
                                               ",lpwwpn=", Port(kHost), ",roles=0x60")));
    }
    return absl::OkStatus();
  }

  std::string portal(int number) const override {
    return absl::StrCat("fc://", Address(kTarget, number));
  }
  std::string host_address() const override { return Address(kHost); }
  absl::Status Cut(int portal) override { return Tell("del_remote_port", Names(kTarget, portal)); }
  bool heals() const override { return false; }
  absl::Status Heal(int portal, Exported& /*exported*/) override {
    return absl::UnimplementedError(absl::StrCat(Address(kTarget, portal), " is gone for good"));
  }

 private:
  enum End { kHost = 1, kTarget = 2 };

  // World wide names of a node and of a port, as the last digits make them one of a kind.
  std::string Name(char first, End end, int number) const {
    return absl::StrFormat("0x%c00000004400%02x%d%d", first, turn_, end, number);
  }
  std::string Node(End end, int number = 0) const { return Name('1', end, number); }
  std::string Port(End end, int number = 0) const { return Name('2', end, number); }
  std::string Names(End end, int number = 0) const {
    return absl::StrCat("wwnn=", Node(end, number), ",wwpn=", Port(end, number));
  }
  std::string Address(End end, int number = 0) const {
    return absl::StrCat("nn-", Node(end, number), ":pn-", Port(end, number));
  }

  static inline int turns = 0;
  const int turn_ = turns++;
};

template <typename Kind>
absl::StatusOr<std::unique_ptr<Fabric>> Made() {
  auto fabric = std::make_unique<Kind>();
  RETURN_IF_ERROR(fabric->Make());
  return fabric;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Fabric>> MakeSoftRdma() { return Made<SoftRdma>(); }

absl::StatusOr<std::unique_ptr<Fabric>> MakeLoopedFibreChannel() {
  return Made<LoopedFibreChannel>();
}

}  // namespace nvmeof::testing
