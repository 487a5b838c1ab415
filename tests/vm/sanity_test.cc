// csi-sanity, the conformance suite of the CSI project, all of it, over the real sockets of the
// real processes, on each kind of storage; "static" is a node plugin alone, for volumes that are
// made by hand. What it says of itself goes to NVMEOF_RESULTS/summary.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <regex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/facades/kernel_ceph.h"
#include "tests/vm/facades/kernel_routeros.h"
#include "tests/vm/facades/kernel_spdk.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/process.h"

namespace nvmeof::testing {
namespace {

constexpr std::int64_t kVolumeBytes = std::int64_t{1} << 30;

// What a controller must have made a volume for, though csi-sanity asks only some of it whether
// there is one.
constexpr char kOfMadeVolumes[] =
    R"(\[(Group)?Controller|single writer access mode is already mounted|should remove target path)"
    R"(|NodeStageVolume should fail when no volume capability|does not exist on the specified path)"
    R"(|NodeExpandVolume should fail when no volume path|after node-publish|for a valid volume)";

class SanityTest : public LabTest, public ::testing::WithParamInterface<const char*> {
 protected:
  absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) override {
    if (storage() == "nvmet") return Lab::Start(name);
    ASSIGN_OR_RETURN(std::unique_ptr<Lab> lab, Lab::Create(name));
    if (storage() == "static") {
      // The twin of the flag --no-controller; no other thread reads the environment meanwhile.
      ::setenv("NVMEOF_NO_CONTROLLER", "true", 1);  // NOLINT(concurrency-mt-unsafe)
      const absl::Status started = lab->StartNode();
      ::unsetenv("NVMEOF_NO_CONTROLLER");  // NOLINT(concurrency-mt-unsafe)
      RETURN_IF_ERROR(started);
      return lab;
    }
    if (storage() == "spdk") {
      ASSIGN_OR_RETURN(spdk_, KernelSpdk::StartFor(*lab));
    } else if (storage() == "routeros") {
      ASSIGN_OR_RETURN(routeros_, KernelRouteros::StartFor(*lab));
      routeros_->router().SetDelay(0);
    } else {
      ASSIGN_OR_RETURN(ceph_, KernelCeph::StartFor(*lab));
    }
    RETURN_IF_ERROR(lab->StartController());
    RETURN_IF_ERROR(lab->StartNode());
    return lab;
  }

  std::string storage() const { return GetParam(); }

  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = lab().Folder(name);
    EXPECT_OK(base::WriteFileAtomically(path, text));
    return path;
  }

  // Every secret that csi-sanity knows how to send: the driver needs none and must not mind them.
  std::string Secrets() {
    std::string text;
    for (const char* call :
         {"CreateVolume", "DeleteVolume", "ControllerPublishVolume", "ControllerUnpublishVolume",
          "ControllerValidateVolumeCapabilities", "NodeStageVolume", "NodePublishVolume",
          "CreateSnapshot", "DeleteSnapshot", "ListSnapshots", "GetSnapshot",
          "ControllerExpandVolume", "ControllerModifyVolume"}) {
      absl::StrAppend(&text, call, "Secret:\n  secretKey: secretvalue\n");
    }
    return WriteFile("secrets.yaml", text);
  }

  std::vector<std::string> CommandLine() {
    std::string chosen = "maxPaths: \"2\"\n";
    if (storage() == "ceph_shared")
      absl::StrAppend(&chosen, "backend: ", KernelCeph::kShared, "\n");
    const std::string parameters = WriteFile("parameters.yaml", chosen);
    const bool alone = storage() == "static";
    std::vector<std::string> line = {
        absl::StrCat(std::getenv("NVMEOF_TOOLS"), "/csi-sanity-5.6.0/csi-sanity"),
        absl::StrCat("--csi.endpoint=", lab().Socket("node")),
        absl::StrCat("--csi.controllerendpoint=", lab().Socket(alone ? "node" : "controller")),
        absl::StrCat("--csi.mountdir=", lab().Folder("kubelet/pods/sanity")),
        absl::StrCat("--csi.stagingdir=", lab().Folder("kubelet/staging/sanity")),
        absl::StrCat("--csi.testvolumesize=", kVolumeBytes),
        absl::StrCat("--csi.testvolumeexpandsize=", 2 * kVolumeBytes),
        absl::StrCat("--csi.testvolumeparameters=", parameters),
        absl::StrCat("--csi.secrets=", Secrets()),
        "--ginkgo.v",
        "--ginkgo.no-color"};
    // An empty one would skip all.
    if (alone) line.push_back(absl::StrCat("--ginkgo.skip=", kOfMadeVolumes));
    return line;
  }

 private:
  std::unique_ptr<KernelSpdk> spdk_;
  std::unique_ptr<KernelCeph> ceph_;
  std::unique_ptr<KernelRouteros> routeros_;
};

// The closing lines, what failed, and each reason for which something was skipped.
std::string Summarize(const std::string& log) {
  static const std::regex kWanted(R"((Ran \d+ of \d+ Specs.*)|((SUCCESS|FAIL)!.*)|(.*\[FAIL\].*))");
  static const std::regex kSkip(R"( *\[SKIPPED\] ([^i\[].*))");
  std::string summary;
  std::set<std::string> reasons;
  std::ifstream file(log);
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, kSkip)) reasons.insert(match[1]);
    if (std::regex_match(line, kWanted)) absl::StrAppend(&summary, "  ", line, "\n");
  }
  return absl::StrCat(summary, "  Skipped: ", absl::StrJoin(reasons, "; "), "\n");
}

TEST_P(SanityTest, PassesWhole) {
  const std::string results = std::getenv("NVMEOF_RESULTS");
  const std::string log = absl::StrCat(results, "/csi-sanity-", storage(), ".log");
  const auto sanity = Process::Start(CommandLine(), log);
  ASSERT_OK(sanity);
  EXPECT_THAT((*sanity)->Wait(absl::Minutes(15)), IsOkAndHolds(0)) << "see " << log;
  const std::string summary = absl::StrCat("csi-sanity on ", storage(), ":\n", Summarize(log));
  std::cout << summary;
  std::ofstream(results + "/summary", std::ios::app) << summary;
  EXPECT_THAT(summary, ::testing::HasSubstr(" 0 Failed"));
  EXPECT_THAT(summary, ::testing::ContainsRegex(" [1-9][0-9]* Passed"));
}

INSTANTIATE_TEST_SUITE_P(Storages, SanityTest,
                         ::testing::Values("nvmet", "spdk", "ceph", "ceph_shared", "routeros",
                                           "static"),
                         [](const auto& storage) { return std::string(storage.param); });

}  // namespace
}  // namespace nvmeof::testing
