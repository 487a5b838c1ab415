#include "nvme/host_identity.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kFirmware[] = "5D2F9E0A-7C1B-4C3D-8E9F-A0B1C2D3E4F5";
constexpr char kFirmwareLower[] = "5d2f9e0a-7c1b-4c3d-8e9f-a0b1c2d3e4f5";
constexpr char kFirmwareNqn[] =
    "nqn.2014-08.org.nvmexpress:uuid:5d2f9e0a-7c1b-4c3d-8e9f-a0b1c2d3e4f5";
constexpr char kMachineId[] = "c8a1b2c3d4e5f60718293a4b5c6d7e8f";
constexpr char kMachineUuid[] = "c8a1b2c3-d4e5-f607-1829-3a4b5c6d7e8f";
constexpr char kMachineNqn[] =
    "nqn.2014-08.org.nvmexpress:uuid:c8a1b2c3-d4e5-f607-1829-3a4b5c6d7e8f";
constexpr char kOwnNqn[] = "nqn.2026-01.dev.nvmeof:node-1";
constexpr char kDummyFirmware[] = "03000200-0400-0500-0006-000700080009";

// A host's files; empty means that the file is absent.
class HostIdentityTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, absl::string_view content) {
    std::ofstream(path) << content << "\n";
  }

  static std::string Content(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
  }

  // The NQN and the id with a blank between, or the error.
  absl::StatusOr<std::string> Load() {
    const absl::StatusOr<HostIdentity> host = LoadHostIdentity(files_);
    if (!host.ok()) return host.status();
    return host->nqn.text() + " " + host->id;
  }

  testing::TemporaryDirectory folder_;
  HostIdentityFiles files_ = {folder_.File("etc/nvme/hostnqn"), folder_.File("hostid"),
                              folder_.File("product_uuid"), folder_.File("machine-id")};
};

std::string Pair(const std::string& nqn, const std::string& id) { return nqn + " " + id; }

TEST_F(HostIdentityTest, IsThatOfTheFiles) {
  files_.nqn = folder_.File("hostnqn");
  Write(files_.nqn, kOwnNqn);
  Write(files_.id, kFirmware);
  EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kOwnNqn, kFirmwareLower)));
}

TEST_F(HostIdentityTest, TakesTheIdFromTheNqn) {
  files_.nqn = folder_.File("hostnqn");
  Write(files_.nqn, kMachineNqn);
  Write(files_.product_uuid, kFirmware);
  EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kMachineNqn, kMachineUuid)));
}

TEST_F(HostIdentityTest, IsMadeOfTheFirmwareAndKept) {
  Write(files_.product_uuid, kFirmware);
  Write(files_.machine_id, kMachineId);
  EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kFirmwareNqn, kFirmwareLower)));
  EXPECT_EQ(Content(files_.nqn), kFirmwareNqn);
  Write(files_.product_uuid, kMachineUuid);  // a new mainboard
  EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kFirmwareNqn, kFirmwareLower)));
}

TEST_F(HostIdentityTest, IsMadeOfTheMachineIdWhereTheFirmwareSaysNothing) {
  Write(files_.machine_id, kMachineId);
  EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kMachineNqn, kMachineUuid)));
}

TEST_F(HostIdentityTest, IsMadeOfTheMachineIdWhereTheFirmwareSaysWhatAllSay) {
  Write(files_.machine_id, kMachineId);
  for (const char* dummy :
       {kDummyFirmware, "00000000-0000-0000-0000-000000000000", "Not Settable"}) {
    Write(files_.product_uuid, dummy);
    EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kMachineNqn, kMachineUuid)));
  }
}

TEST_F(HostIdentityTest, IsMadeWhereTheFileIsEmpty) {
  files_.nqn = folder_.File("hostnqn");
  Write(files_.nqn, " ");
  Write(files_.machine_id, kMachineId);
  EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kMachineNqn, kMachineUuid)));
  EXPECT_EQ(Content(files_.nqn), kMachineNqn);
}

TEST_F(HostIdentityTest, KeepsAnIdForAnNqnThatHasNone) {
  files_.nqn = folder_.File("hostnqn");
  Write(files_.nqn, kOwnNqn);
  Write(files_.product_uuid, kFirmware);
  EXPECT_THAT(Load(), testing::IsOkAndHolds(Pair(kOwnNqn, kFirmwareLower)));
  EXPECT_EQ(Content(files_.id), kFirmwareLower);
}

TEST_F(HostIdentityTest, IsRefusedWhereTheMachineHasNoUuidOfItsOwn) {
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition));
  Write(files_.product_uuid, kDummyFirmware);
  Write(files_.machine_id, "uninitialized");
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(HostIdentityTest, IsRefusedWhereTheNqnFileIsNotThisMachinesAlone) {
  files_.nqn = folder_.File("hostnqn");
  Write(files_.machine_id, kMachineId);
  const std::string uuid_nqn = "nqn.2014-08.org.nvmexpress:uuid:";
  for (const std::string& content :
       {std::string("node-1"), uuid_nqn + kDummyFirmware, uuid_nqn + "nonsense",
        uuid_nqn + "00000000-0000-0000-0000-000000000000", std::string(kOwnNqn) + ",x=y"}) {
    Write(files_.nqn, content);
    EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(files_.nqn)));
  }
}

TEST_F(HostIdentityTest, IsRefusedWhereTheIdFileIsNotThisMachinesAlone) {
  files_.nqn = folder_.File("hostnqn");
  Write(files_.nqn, kOwnNqn);
  for (const char* content : {"node-1", kDummyFirmware, "00000000-0000-0000-0000-000000000000"}) {
    Write(files_.id, content);
    EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(files_.id)));
  }
}

struct TemplateCase {
  absl::string_view uuid;
  bool is_template;
};

class TemplateTest : public ::testing::TestWithParam<TemplateCase> {};

TEST_P(TemplateTest, IsAUuidThatNobodyCompleted) {
  EXPECT_EQ(IsTemplate(*volume::Uuid::Parse(GetParam().uuid)), GetParam().is_template)
      << GetParam().uuid;
}

INSTANTIATE_TEST_SUITE_P(
    Table, TemplateTest,
    ::testing::Values(TemplateCase{"ffffffff-ffff-ffff-ffff-ffffffffffff", true},
                      TemplateCase{"FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE", true},
                      TemplateCase{"03000200-0400-0500-0006-000700080009", true},
                      TemplateCase{"00020003-0004-0005-0006-000700080009", true},
                      TemplateCase{"12345678-1234-5678-90AB-CDDEEFAABBCC", true},
                      TemplateCase{"4C4C4544-0000-2010-8020-80C04F202020", true},
                      TemplateCase{"03000200-0400-0500-0006-00070008000a", false},
                      TemplateCase{"4c4c4544-0044-3510-8052-b4c04f4d3132", false},
                      TemplateCase{kFirmware, false}, TemplateCase{kMachineId, false}));

}  // namespace
}  // namespace nvmeof::nvme
