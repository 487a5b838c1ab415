#include "nvme/host_conflict.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/nvme/sysfs_tree.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::SysfsTree;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr char kUsedNqn[] = "nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000001";
constexpr char kUsedId[] = "0a1b2c3d-0000-4000-8000-000000000001";
constexpr char kOtherNqn[] = "nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000002";
constexpr char kOtherId[] = "0a1b2c3d-0000-4000-8000-000000000002";

std::optional<std::string> ConflictOf(const std::string& nqn, const std::string& id) {
  const SysfsTree tree("6.12-one-path");
  return FindHostConflict(tree.sys(), {*volume::Nqn::Parse(nqn), id});
}

TEST(HostConflictTest, IsOneHostNqnWithTwoIds) {
  EXPECT_THAT(ConflictOf(kUsedNqn, kOtherId), Optional(HasSubstr("nvme0 is connected as")));
}

TEST(HostConflictTest, IsOneHostIdWithTwoNqns) {
  EXPECT_THAT(ConflictOf(kOtherNqn, kUsedId), Optional(HasSubstr(kUsedNqn)));
}

TEST(HostConflictTest, IsNotTheSamePairNorAnotherPair) {
  EXPECT_EQ(ConflictOf(kUsedNqn, kUsedId), std::nullopt);
  EXPECT_EQ(ConflictOf(kOtherNqn, kOtherId), std::nullopt);
}

TEST(HostConflictTest, IsNotALocalDiskNorAnEmptyMachine) {
  const HostIdentity host = {*volume::Nqn::Parse(kOtherNqn), kOtherId};
  EXPECT_EQ(FindHostConflict(SysfsTree("6.12-local-disk").sys(), host), std::nullopt);
  EXPECT_EQ(FindHostConflict(SysfsTree().sys(), host), std::nullopt);
}

}  // namespace
}  // namespace nvmeof::nvme
