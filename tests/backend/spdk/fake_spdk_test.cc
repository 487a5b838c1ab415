// The double of SPDK is held to what live targets answer.
#include "tests/fakes/fake_spdk.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace nvmeof::testing {
namespace {

using ::testing::SizeIs;

constexpr char kNqn[] = "nqn.2016-06.io.spdk:there";
constexpr char kHost[] = "nqn.2016-06.io.host:a";
constexpr std::int64_t kVolume = 16 << 20;
constexpr char kInvalid[] = "-32602 Invalid parameters";
constexpr char kUndecoded[] = "-32603 spdk_json_decode_object failed";
constexpr char kNoDevice[] = "-19 No such device";

// A volume in a subsystem with a host and a listener.
class FakeSpdkTest : public ::testing::TestWithParam<SpdkVersion> {
 protected:
  FakeSpdkTest() {
    spdk_.RestartAs(GetParam());
    spdk_.AddLvol("there", kVolume);
    spdk_.Meddle(kNqn, [volume = Volume()](FakeSubsystem& subsystem) {
      subsystem.bdev = volume;
      subsystem.hosts = {kHost};
      subsystem.listeners = {"192.0.2.1:4420"};
    });
  }

  std::string Volume() { return spdk_.lvols().begin()->first; }
  std::int64_t Size() { return spdk_.lvols().begin()->second.size_bytes; }

  // The error, or nothing. In `params`, empty = none are sent, ' is ", and $N, $H and $V are what
  // is there.
  std::string Ask(const std::string& method, const std::string& params) {
    std::string request = absl::StrCat(R"({"jsonrpc":"2.0","id":1,"method":")", method, "\"");
    if (!params.empty()) {
      absl::StrAppend(&request, ",\"params\":",
                      absl::StrReplaceAll(
                          params, {{"'", "\""}, {"$N", kNqn}, {"$H", kHost}, {"$V", Volume()}}));
    }
    google::protobuf::Struct answer;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(
                    spdk_.Exchange(absl::StrCat(request, "}")).value(), &answer)
                    .ok());
    if (answer.fields().contains("result")) return "";
    const auto& error = answer.fields().at("error").struct_value().fields();
    return absl::StrCat(error.at("code").number_value(), " ", error.at("message").string_value());
  }
  bool IsAtLeast(int version) const { return static_cast<int>(GetParam()) >= version; }

  FakeSpdk spdk_{8};
};

struct Refusal {
  const char* method;
  const char* params;
  std::string error;
};

const std::vector<Refusal>& Refusals() {
  static const auto& refusals = *new std::vector<Refusal>{
      {"get_bdevs", "", "-32601 Method not found"},
      {"spdk_get_version", "{}", kInvalid},
      {"bdev_get_bdevs", "{'name':'gone'}", kNoDevice},
      {"bdev_get_bdevs", "{'uuid':'$V'}", kInvalid},
      {"bdev_get_bdevs", "{'name':1}", kInvalid},
      {"bdev_lvol_get_lvstores", "{}", "-22 Invalid argument"},
      {"bdev_lvol_get_lvstores", "{'lvs_name':'other'}", kNoDevice},
      {"bdev_lvol_get_lvstores", "{'name':'store'}", kUndecoded},
      {"bdev_lvol_delete", "", kUndecoded},
      {"bdev_lvol_delete", "{'name':'gone'}", kNoDevice},
      {"nvmf_create_transport", "{'trtype':'TCP'}", "-32603 Transport type 'TCP' already exists"},
      {"nvmf_create_transport", "{'trtype':'RDMA'}", "-32602 Invalid transport type 'RDMA'"},
      {"nvmf_get_subsystems", "{'nqn':'nqn.2016-06.io.spdk:gone'}", kNoDevice},
      {"nvmf_create_subsystem", "{}", kInvalid},
      {"nvmf_create_subsystem", "{'nqn':'$N'}",
       absl::StrCat("-32603 Unable to create subsystem ", kNqn)},
      {"nvmf_create_subsystem", "{'nqn':'nqn.spdk:other'}",
       "-32603 Unable to create subsystem nqn.spdk:other"},
      {"nvmf_create_subsystem",
       "{'nqn':'nqn.2016-06.io.spdk:other','serial_number':'123456789012345678901'}", kInvalid},
      {"nvmf_delete_subsystem", "{'nqn':'nqn.2016-06.io.spdk:gone'}", kInvalid},
      {"nvmf_subsystem_add_ns", "{'nqn':'$N','namespace':{'bdev_name':'gone'}}", kInvalid},
      {"nvmf_subsystem_add_ns", "{'nqn':'$N','namespace':{'bdev_name':'$V'}}", kInvalid},
      {"nvmf_subsystem_add_ns", "{'nqn':'$N','namespace':{'nsid':2}}", kInvalid},
      {"nvmf_subsystem_add_host", "{'nqn':'$N','host':'$H'}", "-32603 Internal error"},
      {"nvmf_subsystem_add_host", "{'nqn':'$N','host':'nqn.host'}", "-32603 Internal error"},
      {"nvmf_subsystem_add_host", "{'nqn':'gone','host':'$H'}", kInvalid},
      {"nvmf_subsystem_remove_host", "{'nqn':'$N','host':'gone'}", "-32603 Internal error"},
      {"nvmf_subsystem_add_listener",
       "{'nqn':'$N','listen_address':{'trtype':'TCP','traddr':'192.0.2.1','trsvcid':'4420'}}",
       kInvalid},
      {"nvmf_subsystem_add_listener",
       "{'nqn':'$N','listen_address':{'trtype':'RDMA','traddr':'192.0.2.2','trsvcid':'4420'}}",
       kInvalid},
      {"nvmf_subsystem_get_controllers", "{'nqn':'nqn.2016-06.io.spdk:gone'}", kInvalid}};
  return refusals;
}

TEST_P(FakeSpdkTest, RefusesInTheWordsOfSpdk) {
  const auto lvols = spdk_.lvols();
  const auto subsystems = spdk_.subsystems();
  for (const Refusal& each : Refusals()) {
    EXPECT_EQ(Ask(each.method, each.params), each.error) << each.method << " " << each.params;
  }
  EXPECT_EQ(spdk_.lvols(), lvols);
  EXPECT_EQ(spdk_.subsystems(), subsystems);
}

TEST_P(FakeSpdkTest, RefusesToMakeAVolumeInTheWordsOfSpdk) {
  const std::string size = IsAtLeast(2305) ? "'size_in_mib':4," : "'size':4194304,";
  const std::string too_large = IsAtLeast(2305) ? "'size_in_mib':4000," : "'size':4194304000,";
  const std::string in_store = "'lvs_name':'store',";
  const auto create = [&](const std::string& params) {
    return Ask("bdev_lvol_create", absl::StrCat("{", params, "}"));
  };
  EXPECT_EQ(create(size + in_store + "'lvol_name':'there'"), "-17 File exists");
  EXPECT_EQ(create(size + "'lvs_name':'other','lvol_name':'a'"), kNoDevice);
  EXPECT_EQ(create(size + in_store + "'lvol_name':'a','clear_method':'shred'"),
            "-22 Invalid argument");
  EXPECT_EQ(create(absl::StrCat(size, in_store, "'lvol_name':'", std::string(64, 'a'), "'")),
            "-22 Invalid argument");
  EXPECT_EQ(create(too_large + in_store + "'lvol_name':'a'"), "-32602 No space left on device");
  EXPECT_EQ(create(size + in_store), kUndecoded);
  EXPECT_THAT(spdk_.lvols(), SizeIs(1));
}

TEST_P(FakeSpdkTest, TakesSizesAsItsVersionDoes) {
  const std::string in_bytes = IsAtLeast(2405) ? kUndecoded : "";
  const std::string in_mib = IsAtLeast(2305) ? "" : kUndecoded;
  EXPECT_EQ(Ask("bdev_lvol_resize", "{'name':'store/there','size':20971520}"), in_bytes);
  EXPECT_EQ(Size(), in_bytes.empty() ? 20 << 20 : kVolume);
  EXPECT_EQ(Ask("bdev_lvol_resize", "{'name':'$V','size_in_mib':22}"), in_mib);
  if (in_mib.empty()) {
    EXPECT_EQ(Size(), 24 << 20) << "whole clusters";
  }
  EXPECT_EQ(Ask("bdev_lvol_resize", "{'name':'$V','size':'20971520'}"), kUndecoded) << "quoted";
}

struct Novelty {
  const char* method;
  const char* params;
  int since;
  int until = 9999;
};

const std::vector<Novelty>& Novelties() {
  static const auto& novelties = *new std::vector<Novelty>{
      {"bdev_lvol_get_lvols", "{'lvs_name':'store'}", 2305},
      {"nvmf_subsystem_add_host", "{'nqn':'$N','host':'nqn.2016-06.io.host:p','psk':'k'}", 2305},
      {"nvmf_subsystem_add_host", "{'nqn':'$N','host':'nqn.2016-06.io.host:d','dhchap_key':'k'}",
       2405},
      {"nvmf_subsystem_remove_host", "{'nqn':'$N','host':'$H','timeout_ms':1}", 2605},
      {"nvmf_subsystem_add_listener",
       "{'nqn':'$N','listen_address':{'trtype':'TCP','traddr':'192.0.2.3','trsvcid':'4420'},"
       "'secure_channel':true}",
       2305},
      {"nvmf_create_subsystem", "{'nqn':'nqn.2016-06.io.spdk:k','max_discard_size_kib':4}", 2401,
       2605},
      {"nvmf_create_subsystem", "{'nqn':'nqn.2016-06.io.spdk:d','dmrsl':4}", 2605}};
  return novelties;
}

TEST_P(FakeSpdkTest, KnowsWhatItsVersionKnows) {
  for (const Novelty& each : Novelties()) {
    const bool known = IsAtLeast(each.since) && !IsAtLeast(each.until);
    EXPECT_EQ(Ask(each.method, each.params).empty(), known) << each.method << each.params;
  }
}

TEST_P(FakeSpdkTest, SaysThatAnOpenVolumeIsBusyAndShrinksIt) {
  const std::string smaller =
      absl::StrCat("{'name':'$V',", IsAtLeast(2305) ? "'size_in_mib':8" : "'size':8388608", "}");
  EXPECT_EQ(Ask("bdev_lvol_resize", smaller), "-32602 Device or resource busy");
  EXPECT_EQ(Size(), 8 << 20);
}

TEST_P(FakeSpdkTest, ShrinksAClosedVolumeInSilence) {
  spdk_.Restart();
  const std::string smaller =
      absl::StrCat("{'name':'$V',", IsAtLeast(2305) ? "'size_in_mib':8" : "'size':8388608", "}");
  EXPECT_EQ(Ask("bdev_lvol_resize", smaller), "");
  EXPECT_EQ(Size(), 8 << 20);
}

TEST_P(FakeSpdkTest, HasRoomForItsClustersOnly) {
  spdk_.Restart();
  ASSERT_EQ(Ask("bdev_lvol_delete", "{'name':'$V'}"), "");
  const std::string size = IsAtLeast(2305) ? "'size_in_mib':16" : "'size':16777216";
  const std::string too_large = IsAtLeast(2305) ? "'size_in_mib':36" : "'size':37748736";
  // Eight clusters of 4 MiB.
  spdk_.AddLvol("unused", 4 << 20);
  EXPECT_EQ(
      Ask("bdev_lvol_create", absl::StrCat("{'lvol_name':'thick','lvs_name':'store',", size, "}")),
      "");
  EXPECT_EQ(Ask("bdev_lvol_resize", absl::StrCat("{'name':'store/thick',", too_large, "}")),
            "-32602 No space left on device");
  EXPECT_EQ(Ask("bdev_lvol_resize", absl::StrCat("{'name':'store/unused',", too_large, "}")), "")
      << "it is thin";
}

TEST_P(FakeSpdkTest, DeletesNoSubsystemThatChangesItsState) {
  spdk_.Meddle(kNqn, [](FakeSubsystem& subsystem) { subsystem.changing = true; });
  EXPECT_EQ(Ask("nvmf_delete_subsystem", "{'nqn':'$N'}"),
            "-32603 Subsystem currently in another state change try again later.");
  EXPECT_THAT(spdk_.subsystems(), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Versions, FakeSpdkTest, ::testing::ValuesIn(kSpdkVersions),
                         [](const auto& version) {
                           return absl::StrCat("v", static_cast<int>(version.param));
                         });

}  // namespace
}  // namespace nvmeof::testing
