#include "volume/publish_context.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/volume/document_table.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kUuid[] = "4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f70";
constexpr char kNguid[] = "0123456789abcdef0123456789abcdef";

Target FullTarget() {
  return Target{*Nqn::Parse("nqn.2026-01.dev.nvmeof:a"),
                {*Uuid::Parse(kUuid), *Uuid::Parse(kNguid), 1},
                {{"tcp", "192.0.2.1", "4420"}, {"tcp", "2001:db8::1", "4421"}},
                std::uint64_t{1} << 30};
}

StringMap With(const std::string& key, const std::string& value) {
  StringMap context = EncodePublishContext(FullTarget());
  context[key] = value;
  return context;
}

TEST(PublishContextTest, SpellsTheWholeTarget) {
  EXPECT_THAT(
      EncodePublishContext(FullTarget()),
      ElementsAre(Pair("nguid", kNguid), Pair("nqn", "nqn.2026-01.dev.nvmeof:a"), Pair("nsid", "1"),
                  Pair("portals", "tcp://192.0.2.1:4420,tcp://[2001:db8::1]:4421"),
                  Pair("sizeBytes", "1073741824"), Pair("uuid", kUuid)));
}

TEST(PublishContextTest, HasTheDocumentedKeysAndNoOthers) {
  Target target = FullTarget();
  target.discovery = {{"tcp", "192.0.2.1", "8009"}};
  std::set<std::string> written;
  for (const auto& [key, value] : EncodePublishContext(target)) written.insert(key);
  std::set<std::string> documented;
  for (const std::vector<std::string>& row : TableUnder("## publish_context")) {
    documented.insert(Word(row.front()));
    EXPECT_TRUE(IsTargetKey(Word(row.front()))) << row.front();
  }
  EXPECT_EQ(written, documented);
}

TEST(PublishContextTest, LeavesOutWhatIsNotKnown) {
  Target target = FullTarget();
  target.identity = {std::nullopt, std::nullopt, 7};
  target.size_bytes = 0;
  target.portals.resize(1);
  EXPECT_THAT(EncodePublishContext(target),
              ElementsAre(Pair("nqn", "nqn.2026-01.dev.nvmeof:a"), Pair("nsid", "7"),
                          Pair("portals", "tcp://192.0.2.1:4420")));
  EXPECT_THAT(DecodePublishContext(EncodePublishContext(target)), IsOkAndHolds(target));
}

TEST(PublishContextTest, ReadsBackWhatItWrote) {
  EXPECT_THAT(DecodePublishContext(EncodePublishContext(FullTarget())), IsOkAndHolds(FullTarget()));
}

TEST(PublishContextTest, PassesOverUnknownKeys) {
  EXPECT_THAT(DecodePublishContext(With("transportKey", "x")), IsOkAndHolds(FullTarget()));
}

TEST(PublishContextTest, ReadsTheLargestNumbers) {
  StringMap context = With("nsid", "4294967294");
  context["sizeBytes"] = "18446744073709551615";
  const absl::StatusOr<Target> target = DecodePublishContext(context);
  ASSERT_OK(target);
  EXPECT_EQ(target->identity.nsid, 4294967294U);
  EXPECT_EQ(target->size_bytes, std::numeric_limits<std::uint64_t>::max());
}

struct BadRow {
  std::string key;
  std::string value;
};

TEST(BadPublishContextTest, IsRefusedWithTheNameOfTheKey) {
  const std::vector<BadRow> rows = {{"nqn", ""},
                                    {"nqn", "nqn.x"},
                                    {"uuid", ""},
                                    {"uuid", "x"},
                                    {"nguid", "00000000000000000000000000000000"},
                                    {"nsid", ""},
                                    {"nsid", "0"},
                                    {"nsid", "-1"},
                                    {"nsid", " 1"},
                                    {"nsid", "4294967295"},
                                    {"portals", ""},
                                    {"portals", "192.0.2.1,"},
                                    {"portals", "host:4420"},
                                    {"portals", "192.0.2.1,tcp://192.0.2.1:4420"},
                                    {"discovery", ""},
                                    {"discovery", "host"},
                                    {"discovery", "192.0.2.1:"},
                                    {"discovery", "192.0.2.1:1:2"},
                                    {"discovery", "2001:db8::1"},
                                    {"discovery", "192.0.2.1,192.0.2.1:8009"},
                                    {"sizeBytes", ""},
                                    {"sizeBytes", "0"},
                                    {"sizeBytes", "1G"},
                                    {"sizeBytes", "18446744073709551616"}};
  for (const BadRow& row : rows) {
    SCOPED_TRACE(row.key + " " + row.value);
    EXPECT_THAT(DecodePublishContext(With(row.key, row.value)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("publish_context: " + row.key + ": ")));
  }
}

TEST(MissingKeyTest, IsRefused) {
  const std::vector<std::string> rows = {"nqn", "portals"};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    StringMap context = EncodePublishContext(FullTarget());
    context.erase(row);
    EXPECT_THAT(DecodePublishContext(context),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row)));
  }
}

TEST(PublishContextTest, DiscoveryMayStandInForPortals) {
  Target target = FullTarget();
  target.portals.clear();
  target.discovery = {{"tcp", "192.0.2.1", "8009"}, {"tcp", "2001:db8::1", "4420"}};
  const StringMap context = EncodePublishContext(target);
  EXPECT_EQ(context.count("portals"), 0U);
  EXPECT_EQ(context.at("discovery"), "tcp://192.0.2.1:8009,tcp://[2001:db8::1]:4420");
  EXPECT_THAT(DecodePublishContext(context), IsOkAndHolds(target));
}

TEST(PublishContextTest, ADiscoveryControllerHasAPortOfItsOwn) {
  const auto target = DecodePublishContext(
      With("discovery", "192.0.2.1,192.0.2.2:4420,[2001:db8::1],tcp://[2001:db8::2]:1"));
  ASSERT_OK(target);
  EXPECT_THAT(target->portals, FullTarget().portals) << "both may be given";
  EXPECT_THAT(target->discovery,
              ElementsAre(Portal{"tcp", "192.0.2.1", "8009"}, Portal{"tcp", "192.0.2.2", "4420"},
                          Portal{"tcp", "2001:db8::1", "8009"}, Portal{"tcp", "2001:db8::2", "1"}));
}

TEST(PublishContextTest, WantsPortalsOrDiscovery) {
  StringMap context = EncodePublishContext(FullTarget());
  context.erase("portals");
  EXPECT_THAT(DecodePublishContext(context),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "publish_context: portals, discovery: one of them must be given"));
}

TEST(PublishContextTest, WantsAnIdentity) {
  StringMap context = EncodePublishContext(FullTarget());
  for (const char* key : {"uuid", "nguid", "nsid"}) context.erase(key);
  EXPECT_THAT(DecodePublishContext(context),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("uuid, nguid, nsid")));
}

TEST(PublishContextTest, TheMessageNamesKeyValueAndWhatIsAllowed) {
  EXPECT_THAT(DecodePublishContext(With("nsid", "0")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("nsid"), HasSubstr(R"("0")"),
                             HasSubstr("a whole number from 1 to 4294967294"))));
}

TEST(TargetByHandTest, IsWhatAPublishContextWouldSay) {
  StringMap context = EncodePublishContext(FullTarget());
  context["minPaths"] = "2";
  context["storage.kubernetes.io/csiProvisionerIdentity"] = "x";
  EXPECT_THAT(TargetByHand(context), IsOkAndHolds(FullTarget()));
}

TEST(TargetByHandTest, IsNotThereInTheContextOfABackendsVolume) {
  EXPECT_THAT(TargetByHand({{"minPaths", "2"}}), IsOkAndHolds(std::nullopt));
}

TEST(TargetByHandTest, AHalfOneIsRefused) {
  EXPECT_THAT(TargetByHand({{"portals", "192.0.2.1"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "volume_context: nqn: it is missing"));
}

}  // namespace
}  // namespace nvmeof::volume
