// The values of deploy/examples/helm, as far as the program reads them: it understands what it is
// given. That the chart takes them, tests/chart/run checks.
#include <filesystem>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "yaml-cpp/yaml.h"

#include "backend/backends_file.h"
#include "tests/matchers/status_matchers.h"
#include "volume/parameters.h"

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

TEST(ExampleValuesTest, AskForWhatTheDriverKnows) {
  std::size_t asked = 0;
  for (const YAML::Node& values : Examples()) {
    const YAML::Node inventory = values["staticVolumes"];
    for (const auto& list :
         {values["storageClasses"], inventory ? inventory["volumes"] : YAML::Node()}) {
      for (const auto& item : list) {
        volume::StringMap parameters;
        for (const auto& entry : item["parameters"]) {
          parameters[entry.first.as<std::string>()] = entry.second.as<std::string>();
        }
        EXPECT_OK(volume::ParseParameters(parameters)) << item["name"];
        asked += parameters.size();
      }
    }
  }
  EXPECT_GT(asked, 5U);
}

}  // namespace
}  // namespace nvmeof::backend
