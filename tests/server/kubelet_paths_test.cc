#include "server/kubelet_paths.h"

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::server {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kDriverName[] = "csi.test.dev";

TEST(KubeletPathsTest, AreThoseThatTheKubeletExpects) {
  for (const char* folder : {"/var/lib/kubelet", "/var/lib/kubelet/"}) {
    EXPECT_EQ(RegistrationSocket(folder, kDriverName)->socket_path(),
              "/var/lib/kubelet/plugins_registry/csi.test.dev-reg.sock");
    EXPECT_EQ(PluginSocket(folder, kDriverName)->socket_path(),
              "/var/lib/kubelet/plugins/csi.test.dev/csi.sock");
  }
}

TEST(KubeletPathsTest, MustFitASocket) {
  const std::string folder = "/" + std::string(80, 'k');
  EXPECT_THAT(RegistrationSocket(folder, kDriverName),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 107 bytes")));
  EXPECT_THAT(PluginSocket(folder, kDriverName), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(MakePluginFolderTest, MakesTheLastFolderOnly) {
  const testing::TemporaryDirectory kubelet;
  const Endpoint socket = *PluginSocket(kubelet.path(), kDriverName);
  EXPECT_THAT(MakePluginFolder(socket), StatusIs(absl::StatusCode::kNotFound));
  std::filesystem::create_directory(kubelet.File("plugins"));
  EXPECT_OK(MakePluginFolder(socket));
  EXPECT_TRUE(std::filesystem::is_directory(kubelet.File("plugins/csi.test.dev")));
  EXPECT_OK(MakePluginFolder(socket));
}

}  // namespace
}  // namespace nvmeof::server
