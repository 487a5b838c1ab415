#include "base/claims.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

TEST(ClaimsTest, RefusesAKeyThatIsTaken) {
  Claims claims;
  const std::optional<Claim> first = claims.TryTake("vol-1");
  EXPECT_TRUE(first.has_value());
  EXPECT_FALSE(claims.TryTake("vol-1").has_value());
}

TEST(ClaimsTest, KeysAreIndependent) {
  Claims claims;
  const std::optional<Claim> first = claims.TryTake("vol-1");
  EXPECT_TRUE(claims.TryTake("vol-2").has_value());
}

TEST(ClaimsTest, GivesTheKeyBackAtTheEndOfTheClaim) {
  Claims claims;
  { const std::optional<Claim> first = claims.TryTake("vol-1"); }
  EXPECT_TRUE(claims.TryTake("vol-1").has_value());
}

TEST(ClaimsTest, AMovedClaimStillHoldsItsKey) {
  Claims claims;
  std::optional<Claim> kept;
  {
    std::optional<Claim> first = claims.TryTake("vol-1");
    kept.emplace(*std::move(first));
  }
  EXPECT_FALSE(claims.TryTake("vol-1").has_value());
  kept.reset();
  EXPECT_TRUE(claims.TryTake("vol-1").has_value());
}

TEST(ClaimsTest, AnAssignedClaimGivesBackTheKeyItHeldBefore) {
  Claims claims;
  Claim claim = *claims.TryTake("vol-1");
  claim = *claims.TryTake("vol-2");
  EXPECT_TRUE(claims.TryTake("vol-1").has_value());
  EXPECT_FALSE(claims.TryTake("vol-2").has_value());
}

TEST(ClaimsTest, OneOfManyThreadsWins) {
  Claims claims;
  std::atomic<int> held = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        const std::optional<Claim> claim = claims.TryTake("vol-1");
        if (!claim.has_value()) continue;
        const int now = ++held;
        if (now > most) most = now;
        --held;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace nvmeof::base
