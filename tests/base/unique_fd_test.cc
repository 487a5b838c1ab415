#include "base/unique_fd.h"

#include <fcntl.h>

#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

int OpenNull() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, ClosesAtItsEnd) {
  const int fd = OpenNull();
  {
    const UniqueFd owner(fd);
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, IsNotOkWithoutADescriptor) {
  EXPECT_FALSE(UniqueFd().ok());
  EXPECT_FALSE(UniqueFd(::open("/nonexistent", O_RDONLY)).ok());
}

TEST(UniqueFdTest, MovesOwnershipAndClosesWhatItHeldBefore) {
  const int first = OpenNull();
  const int second = OpenNull();
  UniqueFd owner(first);
  owner = UniqueFd(second);
  EXPECT_FALSE(IsOpen(first));
  EXPECT_TRUE(IsOpen(second));
  EXPECT_EQ(owner.get(), second);
}

}  // namespace
}  // namespace nvmeof::base
