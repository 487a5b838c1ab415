#include "mount/mount_options.h"

#include <libmount/libmount.h>
#include <sys/mount.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<MountOptions> Parse(const std::vector<std::string>& options) {
  return ParseMountOptions(options, Access::kReadWrite);
}

TEST(MountOptionsTest, SortsAttributesFromParameters) {
  const absl::StatusOr<MountOptions> options =
      Parse({"noatime", "nosuid", "discard", "errors=remount-ro"});
  ASSERT_OK(options);
  EXPECT_EQ(options->attributes, std::uint64_t{MOUNT_ATTR_NOATIME | MOUNT_ATTR_NOSUID});
  EXPECT_THAT(options->parameters, ElementsAre(MountParameter{"discard", "", false},
                                               MountParameter{"errors", "remount-ro", true}));
}

TEST(MountOptionsTest, NothingAskedIsNothingSet) {
  EXPECT_EQ(*Parse({}), MountOptions{});
  EXPECT_EQ(*Parse({"defaults", "_netdev", "nofail"}), MountOptions{});
}

struct AttributeCase {
  std::vector<std::string> options;
  std::uint64_t attributes;
};

TEST(MountOptionsTest, TheLastOfContradictingWordsWins) {
  const AttributeCase cases[] = {
      {{"noatime", "strictatime"}, MOUNT_ATTR_STRICTATIME},
      {{"strictatime", "noatime"}, MOUNT_ATTR_NOATIME},
      {{"noatime", "relatime"}, 0},
      {{"noatime", "noatime"}, MOUNT_ATTR_NOATIME},
      {{"noexec", "exec"}, 0},
      {{"nodev", "suid", "nodiratime"}, MOUNT_ATTR_NODEV | MOUNT_ATTR_NODIRATIME},
      {{"ro", "rw"}, 0},
      {{"nosymfollow"}, MOUNT_ATTR_NOSYMFOLLOW},
  };
  for (const AttributeCase& row : cases) {
    EXPECT_EQ(Parse(row.options)->attributes, row.attributes) << row.options.front();
  }
}

TEST(MountOptionsTest, ReadOnlyIsForTheMountAndForTheFileSystem) {
  const MountOptions read_only{MOUNT_ATTR_RDONLY, {{"ro", "", false}}};
  EXPECT_EQ(*ParseMountOptions({}, Access::kReadOnly), read_only);
  EXPECT_EQ(*ParseMountOptions({"rw"}, Access::kReadOnly), read_only);
  EXPECT_EQ(*ParseMountOptions({"ro"}, Access::kReadWrite), read_only);
}

TEST(MountOptionsTest, AQuotedValueMayHoldCommas) {
  const absl::StatusOr<MountOptions> options = Parse({"context=\"system_u:r:t:s0:c1,c2\""});
  ASSERT_OK(options);
  EXPECT_THAT(options->parameters,
              ElementsAre(MountParameter{"context", "system_u:r:t:s0:c1,c2", true}));
}

TEST(MountOptionsTest, RefusesMalformedAndDangerousWords) {
  const std::string options[] = {"",
                                 "=x",
                                 "noatime,bind",
                                 "errors=continue,bind",
                                 "a\nb",
                                 std::string("noatime\0", 8),
                                 R"(context="a)",
                                 R"(context="a"b")",
                                 "bind",
                                 "rbind",
                                 "move",
                                 "remount",
                                 "rshared",
                                 "loop",
                                 "loop=/dev/loop0",
                                 "x-systemd.automount",
                                 "X-mount.mkdir",
                                 "user",
                                 "helper=x",
                                 "source=/dev/sda",
                                 "logdev=/dev/sda",
                                 "rtdev=/dev/sda",
                                 "journal_dev=8",
                                 "journal_path=/dev/sda"};
  for (const std::string& option : options) {
    EXPECT_THAT(Parse({"noatime", option}), StatusIs(absl::StatusCode::kInvalidArgument)) << option;
  }
}

TEST(MountOptionsTest, TheMessageNamesTheOption) {
  EXPECT_THAT(Parse({"loop=/dev/loop0"}).status().message(), HasSubstr("'loop'"));
}

// As one would write them: "loop[=]" is both "loop" and "loop=1".
std::vector<std::string> OptionsOf(int map) {
  std::vector<std::string> options;
  for (const libmnt_optmap* entry = mnt_get_builtin_optmap(map); entry->name != nullptr; ++entry) {
    const std::string name = entry->name;
    const std::string word = name.substr(0, name.find_first_of("[="));
    if (!absl::EndsWith(name, "=")) options.push_back(word);
    if (absl::StrContains(name, '=')) options.push_back(absl::StrCat(word, "=1"));
  }
  return options;
}

// libmount knows every word that mount(8) handles itself.
TEST(MountOptionsTest, NoWordOfTheMountProgramReachesAFileSystem) {
  for (const std::string& option : OptionsOf(MNT_USERSPACE_MAP)) {
    const absl::StatusOr<MountOptions> options = Parse({option});
    if (!options.ok()) continue;
    EXPECT_THAT(options->parameters, IsEmpty()) << option;
  }
}

TEST(MountOptionsTest, EveryGenericWordIsAnAttributeOrOneThatTheKernelTakes) {
  const auto kernel = ::testing::AnyOf("ro", "sync", "async", "dirsync", "mand", "nomand",
                                       "lazytime", "nolazytime", "iversion", "noiversion");
  for (const std::string& option : OptionsOf(MNT_LINUX_MAP)) {
    const absl::StatusOr<MountOptions> options = Parse({option});
    if (!options.ok()) continue;
    for (const MountParameter& parameter : options->parameters) {
      EXPECT_THAT(parameter.key, kernel);
    }
  }
}

}  // namespace
}  // namespace nvmeof::mount
