#include "target/configfs.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class KernelConfigfsTest : public ::testing::Test {
 protected:
  TemporaryDirectory root_;
  KernelConfigfs configfs_{root_.path()};
};

TEST_F(KernelConfigfsTest, AbsentTreeIsNamedWithItsRemedy) {
  EXPECT_THAT(configfs_.CheckPresent(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("modprobe nvmet-tcp")));
  ASSERT_OK(configfs_.MakeDirectory("subsystems"));
  EXPECT_OK(configfs_.CheckPresent());
}

TEST_F(KernelConfigfsTest, ValueIsReadWithoutTheLinesEnd) {
  ASSERT_OK(base::WriteFileAtomically(root_.File("attr"), "tcp\n"));
  EXPECT_THAT(configfs_.Read("attr"), IsOkAndHolds("tcp"));
}

TEST_F(KernelConfigfsTest, WriteReplacesTheValue) {
  ASSERT_OK(base::WriteFileAtomically(root_.File("attr"), "something long"));
  ASSERT_OK(configfs_.Write("attr", "ipv4"));
  EXPECT_THAT(configfs_.Read("attr"), IsOkAndHolds("ipv4"));
}

TEST_F(KernelConfigfsTest, AbsentAttributeIsNotFoundAndNotMade) {
  EXPECT_THAT(configfs_.Read("attr"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(configfs_.Write("attr", "1"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(root_.File("attr")));
}

TEST_F(KernelConfigfsTest, MakeDirectorySaysWhetherItMadeIt) {
  EXPECT_THAT(configfs_.MakeDirectory("ports"), IsOkAndHolds(true));
  EXPECT_THAT(configfs_.MakeDirectory("ports"), IsOkAndHolds(false));
  EXPECT_THAT(configfs_.MakeDirectory("hosts/a"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(configfs_.List(""), IsOkAndHolds(ElementsAre("ports")));
}

TEST_F(KernelConfigfsTest, RemoveDirectoryToleratesAnAbsentOne) {
  ASSERT_OK(configfs_.MakeDirectory("ports"));
  EXPECT_OK(configfs_.RemoveDirectory("ports"));
  EXPECT_OK(configfs_.RemoveDirectory("ports"));
}

TEST_F(KernelConfigfsTest, LinkAndUnlinkTolerateRepetition) {
  ASSERT_OK(configfs_.MakeDirectory("object"));
  EXPECT_OK(configfs_.Link("object", "link"));
  EXPECT_OK(configfs_.Link("object", "link"));
  EXPECT_EQ(std::filesystem::read_symlink(root_.File("link")), root_.File("object"));
  EXPECT_OK(configfs_.Unlink("link"));
  EXPECT_OK(configfs_.Unlink("link"));
}

}  // namespace
}  // namespace nvmeof::target
