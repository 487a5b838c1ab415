// The values of deploy/examples/helm and the YAML of the documents, as far as the program reads
// them: it understands what it is given. That the chart takes them, tests/chart/run checks.
#include <filesystem>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "yaml-cpp/yaml.h"

#include "backend/backends_file.h"
#include "base/file.h"
#include "tests/matchers/status_matchers.h"
#include "volume/authentication.h"
#include "volume/parameters.h"
#include "volume/publish_context.h"

namespace nvmeof::backend {
namespace {

std::vector<YAML::Node> Examples() {
  std::vector<YAML::Node> examples;
  const std::filesystem::path folder = NVMEOF_SOURCE_DIR "/deploy/examples/helm";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    examples.push_back(YAML::LoadFile(file.path()));
  }
  return examples;
}

// As the chart writes it.
std::string BackendsFileOf(const YAML::Node& values) {
  YAML::Emitter file;
  file << YAML::BeginMap << YAML::Key << "backends" << YAML::Value << values["backends"]["inline"]
       << YAML::EndMap;
  return file.c_str();
}

TEST(ExampleValuesTest, HaveABackendOfEachKind) {
  std::set<std::size_t> kinds;
  for (const YAML::Node& values : Examples()) {
    if (!values["backends"]) continue;
    const auto config = ParseBackends(BackendsFileOf(values));
    ASSERT_OK(config) << BackendsFileOf(values);
    for (const BackendConfig& backend : config->backends) {
      kinds.insert(backend.storage.index());
      const auto wanted = values["storageClasses"][0]["parameters"]["backend"];
      EXPECT_EQ(wanted.as<std::string>(), backend.name);
    }
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<decltype(BackendConfig::storage)>);
}

volume::StringMap MapOf(const YAML::Node& node) {
  volume::StringMap map;
  for (const auto& entry : node)
    map[entry.first.as<std::string>()] = entry.second.as<std::string>();
  return map;
}

TEST(ExampleValuesTest, AskForWhatTheDriverKnows) {
  std::size_t asked = 0;
  for (const YAML::Node& values : Examples()) {
    const YAML::Node inventory = values["staticVolumes"];
    for (const auto& list :
         {values["storageClasses"], inventory ? inventory["volumes"] : YAML::Node()}) {
      for (const auto& item : list) {
        const volume::StringMap parameters = MapOf(item["parameters"]);
        EXPECT_OK(volume::ParseParameters(parameters)) << item["name"];
        asked += parameters.size();
      }
    }
  }
  EXPECT_GT(asked, 5U);
}

// Every block of YAML in a document.
std::vector<YAML::Node> BlocksOf(const std::string& document) {
  const std::string text = base::ReadFile(NVMEOF_SOURCE_DIR "/" + document).value();
  const std::string fence = "\n```yaml\n";
  std::vector<YAML::Node> blocks;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    blocks.push_back(YAML::Load(text.substr(at, text.find("```", at) - at)));
  }
  return blocks;
}

bool IsKind(const YAML::Node& block, const std::string& kind) {
  return block.IsMap() && block["kind"] && block["kind"].as<std::string>() == kind;
}

TEST(DocumentTest, HasAStorageClassForEachBackend) {
  std::set<std::string> backends;
  std::set<std::string> chosen;
  for (const YAML::Node& block : BlocksOf("docs/BACKENDS.md")) {
    if (block.IsMap() && block["backends"] && block["backends"].IsSequence()) {
      for (const auto& backend : block["backends"]) backends.insert(backend["name"].Scalar());
    } else if (IsKind(block, "StorageClass")) {
      const auto parameters = volume::ParseParameters(MapOf(block["parameters"]));
      ASSERT_OK(parameters) << block;
      chosen.insert(parameters->backend);
    }
  }
  EXPECT_EQ(chosen, backends);
}

TEST(DocumentTest, ShowsASecretWithTheKeysThatAreRead) {
  std::set<std::string> shown;
  for (const YAML::Node& block : BlocksOf("docs/PARAMETERS.md")) {
    if (!IsKind(block, "Secret")) continue;
    for (const auto& [key, value] : MapOf(block["stringData"])) shown.insert(key);
  }
  EXPECT_EQ(shown, (std::set<std::string>{volume::kDhchapSecret, volume::kDhchapCtrlSecret}));
}

// What the chart and people write into the PersistentVolumes of the inventories and examples.
std::vector<volume::StringMap> VolumesByHand() {
  std::vector<YAML::Node> texts = Examples();
  for (const char* const document : {"docs/BACKENDS.md", "docs/PARAMETERS.md"}) {
    for (const YAML::Node& block : BlocksOf(document)) texts.push_back(block);
  }
  std::vector<volume::StringMap> volumes;
  for (const YAML::Node& text : texts) {
    if (!text.IsMap()) continue;
    if (text["csi"]) volumes.push_back(MapOf(text["csi"]["volumeAttributes"]));
    if (!text["staticVolumes"]) continue;
    for (const auto& each : text["staticVolumes"]["volumes"]) {
      volumes.push_back(MapOf(each["target"]));
      volumes.back().merge(MapOf(each["parameters"]));
    }
  }
  for (const YAML::Node& each :
       YAML::LoadAllFromFile(NVMEOF_SOURCE_DIR "/deploy/examples/array-pv.yaml")) {
    if (!IsKind(each, "PersistentVolume")) continue;
    volumes.push_back(MapOf(each["spec"]["csi"]["volumeAttributes"]));
  }
  return volumes;
}

TEST(DocumentTest, TellsOfAVolumeByHandWhatTheNodeReads) {
  const std::vector<volume::StringMap> volumes = VolumesByHand();
  EXPECT_GE(volumes.size(), 7U);
  for (const volume::StringMap& context : volumes) {
    SCOPED_TRACE(::testing::PrintToString(context));
    const auto target = volume::TargetByHand(context);
    ASSERT_OK(target);
    EXPECT_TRUE(target->has_value());
    EXPECT_OK(volume::DecodeVolumeContext(context));
  }
}

}  // namespace
}  // namespace nvmeof::backend
