// StorageLab and StorageLifeTest: a lab whose storage node is a façade of tests/vm/facades, and the
// fixture of its volumes' lives.
#pragma once

#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/eventually.h"
#include "tests/vm/lab.h"
#include "tests/vm/pod_volume.h"

namespace nvmeof::testing {

// One for a program. `Facade` has a kName and a StartFor(const Lab&).
template <typename Facade>
class StorageLab final : public ::testing::Environment {
 public:
  // GoogleTest owns it, and sets it up before the first case when it was called before that.
  static StorageLab& Get() {
    static StorageLab* const kOnly = [] {
      auto made = std::make_unique<StorageLab>();
      ::testing::AddGlobalTestEnvironment(made.get());
      return made.release();
    }();
    return *kOnly;
  }

  void SetUp() override {
    auto lab = Lab::Create(Facade::kName);
    ASSERT_OK(lab);
    lab_ = *std::move(lab);
    auto facade = Facade::StartFor(*lab_);
    ASSERT_OK(facade);
    facade_ = *std::move(facade);
  }
  void TearDown() override {
    if (lab_ == nullptr) return;
    EXPECT_TRUE(Eventually(kLifePatience, [this] { return lab_->Leftovers().empty(); }));
    EXPECT_THAT(lab_->Leftovers(), ::testing::IsEmpty());
    facade_.reset();
    lab_.reset();
  }

  Lab& lab() { return *lab_; }
  Facade& facade() { return *facade_; }

 private:
  std::unique_ptr<Lab> lab_;
  std::unique_ptr<Facade> facade_;
};

// What the subjects of the contract share.
class StorageSubject : public ContractSubject {
 public:
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(60); }

 protected:
  base::MonotonicClock clock_;
};

// A case of the contract whose subject is a backend on the façade.
template <typename Facade, typename Subject>
ContractCase CaseOn(const char* name) {
  StorageLab<Facade>::Get();
  return {name, [] { return std::make_unique<Subject>(); }};
}

// Which file system it is no storage system knows: the suite life has them all.
inline auto StorageKinds() { return ::testing::Values(VolumeKind::kExt4, VolumeKind::kBlock); }

template <typename Facade>
class StorageLifeTest : public ::testing::TestWithParam<VolumeKind> {
 protected:
  void SetUp() override {
    ASSERT_OK(lab().StartController());
    ASSERT_OK(lab().StartNode());
  }
  void TearDown() override {
    if (HasFailure()) std::cout << lab().LastWords();
  }

  static Lab& lab() { return StorageLab<Facade>::Get().lab(); }
  static Facade& facade() { return StorageLab<Facade>::Get().facade(); }
  static PodVolume NewVolume() {
    return {lab().cluster(),
            {.name = absl::StrCat("pvc-", Facade::kName),
             .kind = GetParam(),
             .parameters = Lab::AllPaths()}};
  }
};

}  // namespace nvmeof::testing
