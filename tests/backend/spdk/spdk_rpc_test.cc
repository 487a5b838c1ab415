#include "backend/spdk/spdk_rpc.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "nvmeof/v1/spdk.pb.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

namespace spdk = v1::spdk;

using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

class CannedRpc final : public RpcTransport {
 public:
  CannedRpc(std::string& request, absl::StatusOr<std::string> answer)
      : request_(request), answer_(std::move(answer)) {}
  absl::StatusOr<std::string> Exchange(absl::string_view request, absl::Time) override {
    request_ = std::string(request);
    return answer_;
  }
  std::string Describe() const override { return "spdk.sock"; }

 private:
  std::string& request_;
  const absl::StatusOr<std::string> answer_;
};

class SpdkRpcTest : public ::testing::Test {
 protected:
  template <typename Result>
  absl::StatusOr<Result> Call(absl::string_view method, const google::protobuf::Message& params,
                              absl::StatusOr<std::string> answer) {
    SpdkRpc rpc(std::make_unique<CannedRpc>(request_, std::move(answer)));
    return rpc.Call<Result>(method, params, absl::InfiniteFuture());
  }

  std::string request_;
};

TEST_F(SpdkRpcTest, SendsNumbersAndWhatIsSetToFalse) {
  spdk::CreateLvol lvol;
  lvol.set_lvol_name("a");
  lvol.set_size_in_mib(16);
  lvol.set_lvs_name("store");
  lvol.set_thin_provision(false);
  const auto made = Call<spdk::TextResult>("bdev_lvol_create", lvol,
                                           R"({"jsonrpc":"2.0","id":1,"result":"u-u-i-d"})"
                                           "\n");
  EXPECT_EQ(request_,
            R"({"jsonrpc":"2.0","id":1,"method":"bdev_lvol_create","params":{"lvol_name":"a",)"
            R"("size_in_mib":16,"lvs_name":"store","thin_provision":false}})");
  ASSERT_OK(made);
  EXPECT_EQ(made->result(), "u-u-i-d");
}

TEST_F(SpdkRpcTest, SendsBytesAsANumber) {
  spdk::ResizeLvol resize;
  for (const auto& [bytes, text] :
       {std::pair{std::int64_t{1} << 40, "1099511627776"},
        std::pair{(std::int64_t{1} << 52) + (1 << 20), "4503599628419072"}}) {
    resize.set_size(static_cast<double>(bytes));
    ASSERT_OK(Call<spdk::NoResult>("bdev_lvol_resize", resize,
                                   R"({"jsonrpc":"2.0","id":1,"result":true})"));
    EXPECT_THAT(request_, HasSubstr(absl::StrCat(R"("params":{"size":)", text, "}")));
  }
}

TEST_F(SpdkRpcTest, SendsNoParametersWhereThereAreNone) {
  ASSERT_OK(Call<spdk::Bdevs>("bdev_get_bdevs", spdk::NoParameters(),
                              R"({"jsonrpc":"2.0","id":1,"result":[]})"));
  EXPECT_EQ(request_, R"({"jsonrpc":"2.0","id":1,"method":"bdev_get_bdevs"})");
}

TEST_F(SpdkRpcTest, ReadsListsAndPassesOverWhatItDoesNotKnow) {
  const auto bdevs = Call<spdk::Bdevs>(
      "bdev_get_bdevs", spdk::NoParameters(),
      R"({"id":1,"result":[{"name":"a","num_blocks":8589934592,"zoned":false,"driver_specific":)"
      R"({"lvol":{"snapshot":true,"clones":[]}}},{"name":"Malloc0","driver_specific":{}}]})");
  ASSERT_OK(bdevs);
  ASSERT_EQ(bdevs->result_size(), 2);
  EXPECT_EQ(bdevs->result(0).num_blocks(), 8589934592U);
  EXPECT_TRUE(bdevs->result(0).driver_specific().has_lvol());
  EXPECT_FALSE(bdevs->result(1).driver_specific().has_lvol());
}

TEST_F(SpdkRpcTest, NamesTheTargetAndTheMethodOfAnError) {
  const auto failed =
      Call<spdk::NoResult>("bdev_lvol_delete", spdk::NoParameters(),
                           R"({"id":1,"error":{"code":-19,"message":"No such device"}})");
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kNotFound,
                               "spdk.sock: bdev_lvol_delete: No such device (-19)"));
}

TEST_F(SpdkRpcTest, RefusesTheAnswerToAnotherRequest) {
  EXPECT_THAT(Call<spdk::NoResult>("m", spdk::NoParameters(), R"({"id":7,"result":true})"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("it answers request 7")));
}

TEST_F(SpdkRpcTest, RefusesWhatIsNoJson) {
  EXPECT_THAT(Call<spdk::NoResult>("m", spdk::NoParameters(), "<html>"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("not understood")));
}

TEST(SpdkStatusTest, GoesByCodeOrText) {
  EXPECT_THAT(SpdkStatus(-19, "No such device"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(SpdkStatus(-17, "File exists"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(SpdkStatus(-32602, "File exists"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(SpdkStatus(-32602, "No space left on device"),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(SpdkStatus(-32602, "Device or resource busy"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(SpdkStatus(-32601, "Method not found"), StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_THAT(SpdkStatus(-32602, "Invalid parameters"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(SpdkStatus(-32603, "Subsystem is already being destroyed."),
              StatusIs(absl::StatusCode::kAborted));
}

}  // namespace
}  // namespace nvmeof::backend
