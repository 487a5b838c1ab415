#include "node/connect_queue.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/node/connects.h"

namespace nvmeof::node {
namespace {

using ::nvmeof::testing::kFirst;
using ::nvmeof::testing::kFurther;
using ::nvmeof::testing::kRepair;
using ::nvmeof::testing::SubsystemCalled;
using ::testing::ElementsAre;

class ConnectQueueTest : public ::testing::Test {
 protected:
  // A connect of the subsystem, which later goes by `label`.
  void Add(const std::string& label, const std::string& subsystem, ConnectPriority priority,
           const std::string& transport = "tcp") {
    labels_[queue_.Add({SubsystemCalled(subsystem), {{transport, "192.0.2.1", "4420"}, {}}, {}},
                       priority)] = label;
  }
  std::string Next() {
    const auto ticket = queue_.TakeNext();
    return ticket.has_value() ? labels_.at(*ticket) : "nobody";
  }
  std::vector<std::string> All() {
    std::vector<std::string> order;
    for (std::string next = Next(); next != "nobody"; next = Next()) order.push_back(next);
    return order;
  }

  ConnectQueue queue_;
  std::map<ConnectQueue::Ticket, std::string> labels_;
};

TEST_F(ConnectQueueTest, HasNobodyAtFirst) { EXPECT_EQ(Next(), "nobody"); }

TEST_F(ConnectQueueTest, GoesByPriority) {
  Add("repair", "a", kRepair);
  Add("further", "b", kFurther);
  Add("first", "c", kFirst);
  EXPECT_THAT(All(), ElementsAre("first", "further", "repair"));
}

TEST_F(ConnectQueueTest, GoesByArrivalAmongEquals) {
  for (const char* name : {"a", "b", "c"}) Add(name, name, kFirst);
  EXPECT_THAT(All(), ElementsAre("a", "b", "c"));
}

TEST_F(ConnectQueueTest, SubsystemsTakeTurns) {
  for (const char* label : {"a1", "a2", "a3"}) Add(label, "a", kFurther);
  for (const char* label : {"b1", "b2"}) Add(label, "b", kFurther);
  Add("c1", "c", kFurther);
  EXPECT_THAT(All(), ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
}

TEST_F(ConnectQueueTest, ATurnOfAnyPriorityCountsAsOne) {
  Add("a1", "a", kFirst);
  EXPECT_EQ(Next(), "a1");
  Add("a2", "a", kFurther);
  Add("b1", "b", kFurther);
  EXPECT_THAT(All(), ElementsAre("b1", "a2"));
}

TEST_F(ConnectQueueTest, ForgetsWhoWasServedWhenAllAreAtRest) {
  Add("a1", "a", kFirst);
  EXPECT_THAT(All(), ElementsAre("a1"));
  Add("a2", "a", kFirst);
  Add("b1", "b", kFirst);
  EXPECT_THAT(All(), ElementsAre("a2", "b1"));
}

TEST_F(ConnectQueueTest, RepairHasOneTurnAfterEightOfOthers) {
  Add("r1", "r", kRepair);
  Add("r2", "r", kRepair);
  std::string order;
  for (int i = 0; i < 30; ++i) {
    Add("1", absl::StrCat("v", i), kFirst);  // they never cease
    absl::StrAppend(&order, Next(), " ");
  }
  EXPECT_EQ(order, "1 1 1 1 1 1 1 1 r1 1 1 1 1 1 1 1 1 r2 1 1 1 1 1 1 1 1 1 1 1 1 ");
}

TEST_F(ConnectQueueTest, FurtherPathsAreNotStarvedEither) {
  Add("f", "f", kFurther);
  Add("r", "r", kRepair);
  std::string order;
  for (int i = 0; i < 12; ++i) {
    Add("1", absl::StrCat("v", i), kFirst);
    absl::StrAppend(&order, Next(), " ");
  }
  EXPECT_EQ(order, "1 1 1 1 1 1 1 1 r f 1 1 ");
}

TEST_F(ConnectQueueTest, PatienceBeginsWithTheWait) {
  for (int i = 0; i < 10; ++i) Add("1", absl::StrCat("v", i), kFirst);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Next(), "1");
  Add("r", "r", kRepair);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Next(), "1");
  EXPECT_EQ(Next(), "r");
}

TEST_F(ConnectQueueTest, RepairThatCannotBeProbedWaitsForEverybody) {
  Add("rdma", "a", kRepair, "rdma");
  Add("tcp", "b", kRepair);
  for (int i = 0; i < 20; ++i) Add("1", absl::StrCat("v", i), kFirst);
  const std::vector<std::string> order = All();
  ASSERT_EQ(order.size(), 22U);
  EXPECT_EQ(order.at(8), "tcp");
  EXPECT_EQ(order.back(), "rdma");
}

TEST_F(ConnectQueueTest, AnAttachThatCannotBeProbedWaitsForNobody) {
  Add("rdma", "a", kFirst, "rdma");
  Add("tcp", "b", kFirst);
  EXPECT_THAT(All(), ElementsAre("rdma", "tcp"));
}

TEST_F(ConnectQueueTest, OneMayGiveUp) {
  Add("a", "a", kFirst);
  Add("b", "b", kFirst);
  queue_.Remove(labels_.begin()->first);
  queue_.Remove(labels_.begin()->first);
  EXPECT_EQ(queue_.Waiting(kFirst), 1);
  EXPECT_THAT(All(), ElementsAre("b"));
}

TEST_F(ConnectQueueTest, ASubsystemMayGiveUp) {
  Add("a1", "a", kFirst);
  Add("b1", "b", kFirst);
  Add("a2", "a", kRepair);
  EXPECT_EQ(queue_.RemoveAll(SubsystemCalled("a")).size(), 2U);
  EXPECT_TRUE(queue_.RemoveAll(SubsystemCalled("c")).empty());
  EXPECT_THAT(All(), ElementsAre("b1"));
}

TEST_F(ConnectQueueTest, CountsWhoWaits) {
  Add("a", "a", kRepair);
  Add("b", "b", kRepair, "rdma");
  Add("c", "c", kFirst);
  EXPECT_EQ(queue_.Waiting(kFirst), 1);
  EXPECT_EQ(queue_.Waiting(kFurther), 0);
  EXPECT_EQ(queue_.Waiting(kRepair), 2);
}

}  // namespace
}  // namespace nvmeof::node
