#include "volume/authentication.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using nvmeof::testing::IsOkAndHolds;
using nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kKey[] = "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:";
constexpr char kOther[] = "DHHC-1:01:NGC+MSAeaf7aoO7ouZl/XHwpmf2v5ZMlPNZUr0361xSMgv0d:";

class DhchapKeyTest : public ::testing::TestWithParam<const char*> {};

// Each made by another program, with another length and hash.
TEST_P(DhchapKeyTest, ReadsWhatOthersGenerate) {
  const auto key = DhchapKey::Parse("field", GetParam());
  ASSERT_OK(key);
  EXPECT_EQ(key->text(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, DhchapKeyTest,
    ::testing::Values(
        kKey, kOther,
        "DHHC-1:02:J6Cus/7pIy+K8iEfnuSRxbEL7LVWO/web5NCfsvI/ilV5c2ORtyO1LfCdk0qWk122j0AZg==:",
        "DHHC-1:03:dwb4XYaQAkrWvaNAG+nIy8zJNfbNH2EiauFTOK4aNABNM7oNJGrATIGxuvI+O/"
        "nu9fefK0k0r4f1UgtpuUsNmJYwnQ8=:",
        "DHHC-1:00:"
        "LoW7VbZyqHJjes10Zvy2Dg6P8YRjsOSyuilwNHTwZKxo9wD1sCs9xmb0W96qLMrtzStRV0EOTe5K8rNPQw"
        "oHNHLYjTo=:"));

struct BadKey {
  const char* name;
  const char* text;
  const char* fault;
};

class BadDhchapKeyTest : public ::testing::TestWithParam<BadKey> {};

TEST_P(BadDhchapKeyTest, IsRefusedWithoutAWordOfIt) {
  EXPECT_THAT(DhchapKey::Parse("secrets: dhchapSecret", GetParam().text),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("secrets: dhchapSecret is not a DH-HMAC-CHAP key"),
                             HasSubstr(GetParam().fault), Not(HasSubstr("pU3KGCUw")))));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, BadDhchapKeyTest,
    ::testing::Values(
        BadKey{"Empty", "", "does not begin"},
        BadKey{"OfTls", "NVMeTLSkey-1:01:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:",
               "does not begin"},
        BadKey{"HashAlone", "DHHC-1:00", "no part after the hash"},
        BadKey{"NotClosed", "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C", "colon"},
        BadKey{"WithABlank",
               "DHHC-1:00:pU3KGCUwux1tEyze 1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:", "base64"},
        BadKey{"WithAComma",
               "DHHC-1:00:pU3KGCUwux1tEyze,1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:", "base64"},
        BadKey{"OfNothing", "DHHC-1:00::", "too short"},
        BadKey{"OfAnotherLength",
               "DHHC-1:02:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:", "length"},
        BadKey{"OfAnUnknownHash",
               "DHHC-1:04:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:", "hash"},
        BadKey{"Mistyped",
               "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4D:", "checksum"}),
    [](const auto& bad) { return bad.param.name; });

TEST(AuthenticationTest, KeysAreNeverPrinted) {
  std::ostringstream out;
  out << *DhchapKey::Parse("field", kKey);
  EXPECT_EQ(out.str(), "(secret)");
}

TEST(AuthenticationTest, FindsItsKeysAmongTheSecretsOfOthers) {
  EXPECT_THAT(ParseAuthentication({}), IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_THAT(ParseAuthentication({{"password", "x"}}), IsOkAndHolds(Eq(std::nullopt)));
  const auto host = *DhchapKey::Parse("", kKey);
  EXPECT_THAT(ParseAuthentication({{"password", "x"}, {kDhchapSecret, kKey}}),
              IsOkAndHolds(Eq(AuthenticationKeys{host})));
  EXPECT_THAT(ParseAuthentication({{kDhchapCtrlSecret, kOther}, {kDhchapSecret, kKey}}),
              IsOkAndHolds(Eq(AuthenticationKeys{host, *DhchapKey::Parse("", kOther)})));
}

TEST(AuthenticationTest, NamesTheSecretThatIsWrong) {
  EXPECT_THAT(ParseAuthentication({{kDhchapCtrlSecret, kOther}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without dhchapSecret")));
  EXPECT_THAT(ParseAuthentication({{kDhchapSecret, kKey}, {kDhchapCtrlSecret, "x"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("dhchapCtrlSecret is not")));
}

}  // namespace
}  // namespace nvmeof::volume
