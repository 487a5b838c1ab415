#include "backend/routeros/routeros_backend.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/routeros/routeros_names.h"
#include "backend/words.h"
#include "tests/backend/routeros/routeros_world.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::FakeRouteros;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class RouterosBackendTest : public RouterosWorld {
 protected:
  Volume GivenAnotherExport() {
    CreateRequest request = Request();
    request.name = "pvc-2";
    return backend_.ExportTo(backend_.Create(request, deadline_)->id, Wanted(), deadline_).value();
  }
  // All but the id, which the router changes.
  FakeRouteros::Item WhatIsOf(const volume::VolumeId& id) {
    FakeRouteros::Item disk = DiskOf(id);
    disk.erase(".id");
    return disk;
  }
  std::vector<std::pair<std::string, std::function<absl::Status()>>> Changes(
      const volume::VolumeId& id) {
    return {{"export", [=, this] { return backend_.ExportTo(id, Wanted(), deadline_).status(); }},
            {"expand",
             [=, this] {
               return backend_.Expand(id, {.required_bytes = 32 * base::kMiB}, deadline_).status();
             }},
            {"unexport", [=, this] { return backend_.Unexport(id, Host("a"), deadline_); }},
            {"delete", [=, this] { return backend_.Delete(id, deadline_); }}};
  }
};

TEST_F(RouterosBackendTest, MakesADiskThatNobodyReachesAndTheRouterDoesNotMount) {
  const Volume volume = GivenAVolume();
  const FakeRouteros::Item disk = DiskOf(volume.id);
  EXPECT_THAT(
      disk,
      AllOf(Contains(Pair("type", "file")), Contains(Pair("size", std::to_string(16 * base::kMiB))),
            Contains(Pair("mount-filesystem", "false")), Contains(Pair("nvme-tcp-export", "false")),
            Contains(Pair("nvme-tcp-server-allow-host-name", "nqn.2026-01.dev.nvmeof:nobody")),
            Contains(Pair("nvme-tcp-server-port", "4421"))));
  EXPECT_THAT(router_.files(), ElementsAre("raid1/nvmeof-" + DigestOf("pvc-1").substr(1) + "-" +
                                           volume.id.handle + ".img"));
  EXPECT_FALSE(router_.ConnectHost(volume.target.subsystem.text(), Host("a").text()));
}

TEST_F(RouterosBackendTest, LetsInOneHost) {
  const Volume volume = GivenAnExport();
  const std::string nqn = volume.target.subsystem.text();
  EXPECT_TRUE(router_.ConnectHost(nqn, Host("a").text()));
  EXPECT_FALSE(router_.ConnectHost(nqn, Host("b").text()));
  EXPECT_THAT(backend_.ExportTo(volume.id, {Host("b"), ExportMode::kMultiNode, "rw"}, deadline_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("one host at a time")));
}

TEST_F(RouterosBackendTest, UnexportCutsTheHostBeforeItAnswers) {
  router_.SetDelay(5);
  const Volume volume = GivenAnExport();
  const std::string nqn = volume.target.subsystem.text();
  ASSERT_TRUE(router_.ConnectHost(nqn, Host("a").text()));
  ASSERT_OK(backend_.Unexport(volume.id, Host("a"), deadline_));
  EXPECT_THAT(router_.Connected(nqn), IsEmpty());
  EXPECT_EQ(DiskOf(volume.id)["nvme-tcp-server-allow-host-name"], "nqn.2026-01.dev.nvmeof:nobody");
}

TEST_F(RouterosBackendTest, TakesTheNqnThatTheRouterChose) {
  const Volume volume = GivenAVolume();
  router_.Meddle(SlotOf(volume.id), [](FakeRouteros::Item& disk) {
    disk["nvme-tcp-server-nqn"] = "nqn.2000-02.com.mikrotik:another";
  });
  EXPECT_EQ(backend_.ExportTo(volume.id, Wanted(), deadline_)->target.subsystem.text(),
            "nqn.2000-02.com.mikrotik:another");
}

TEST_F(RouterosBackendTest, ExportStaysWhenTheRouterStartsAnew) {
  const Volume volume = GivenAnExport();
  router_.Restart();
  EXPECT_THAT(backend_.Get(volume.id, deadline_), IsOkAndHolds(volume));
  EXPECT_TRUE(router_.ConnectHost(volume.target.subsystem.text(), Host("a").text()));
  ASSERT_OK(backend_.Unexport(volume.id, Host("a"), deadline_));
  EXPECT_OK(backend_.Delete(volume.id, deadline_));
}

// Ids of disks and files are others' then, also while a call of another volume keeps this one
// waiting.
TEST_F(RouterosBackendTest, ARebootBetweenAnyTwoRequestsHarmsNoOtherVolume) {
  const volume::VolumeId other = GivenAnotherExport().id;
  const auto as_it_was = WhatIsOf(other);
  for (int n = 1; n <= 12; ++n) {
    const volume::VolumeId id = GivenAVolume().id;
    for (const auto& [name, change] : Changes(id)) {
      SCOPED_TRACE(absl::StrCat(name, ", reboot after request ", n));
      GivenARebootAfter(n);
      const absl::Status status = change();
      GivenARebootAfter(0);
      if (!absl::IsAborted(status)) EXPECT_OK(status);
      if (!status.ok()) EXPECT_OK(change());
      EXPECT_EQ(WhatIsOf(other), as_it_was);
    }
    EXPECT_THAT(router_.disks(), SizeIs(1));
    EXPECT_THAT(router_.files(), SizeIs(1));
  }
}

// Whose disk and file would stay for ever.
TEST_F(RouterosBackendTest, NeverTakesAVolumeForDeletedWhileTheRouterHasYetToFindItsDisks) {
  for (int n = 1; n <= 12; ++n) {
    SCOPED_TRACE(n);
    const volume::VolumeId id = GivenAVolume().id;
    router_.After(n, [this] { router_.SetUnmounted(true); });
    const absl::Status status = backend_.Delete(id, deadline_);
    router_.After(0, nullptr);
    router_.SetUnmounted(false);
    if (status.ok()) {
      EXPECT_THAT(router_.files(), IsEmpty());
    } else {
      EXPECT_THAT(status.code(), AnyOf(absl::StatusCode::kUnavailable, absl::StatusCode::kAborted));
      EXPECT_OK(idempotent_.Delete(id, deadline_));
    }
    EXPECT_THAT(router_.disks(), IsEmpty());
    EXPECT_THAT(router_.files(), IsEmpty());
  }
}

TEST_F(RouterosBackendTest, NeverTakesAFileForRemovedWhileTheRouterHasYetToFindItsDisks) {
  const DiskFile file = {DigestOf("pvc-1"), volume::Uuid::Random()};
  router_.AddFile("raid1/" + FormatDiskFile(file));
  for (int n = 1; n <= 4; ++n) {
    router_.After(n, [this] { router_.SetUnmounted(true); });
    EXPECT_THAT(backend_.Delete({"rose", "disk", file.volume.Hex()}, deadline_),
                StatusIs(absl::StatusCode::kUnavailable))
        << n;
    router_.SetUnmounted(false);
  }
  EXPECT_OK(backend_.Delete({"rose", "disk", file.volume.Hex()}, deadline_));
  EXPECT_THAT(router_.files(), IsEmpty());
}

// It may have gone for good, or not be there yet after a reboot.
TEST_F(RouterosBackendTest, ADiskThatGoesAwayInTheMiddleOfACallIsNoMissingVolume) {
  const Volume volume = GivenAnExport();
  router_.After(1, [this] { router_.SetUnmounted(true); });
  EXPECT_THAT(backend_.Unexport(volume.id, Host("a"), deadline_),
              StatusIs(absl::StatusCode::kAborted));
}

TEST_F(RouterosBackendTest, DeletesTheFileAsWell) {
  ASSERT_OK(backend_.Delete(GivenAVolume().id, deadline_));
  EXPECT_THAT(router_.disks(), IsEmpty());
  EXPECT_THAT(router_.files(), IsEmpty());
}

TEST_F(RouterosBackendTest, AwaitsWhatTheRouterDoesLater) {
  router_.SetDelay(20);
  const Volume volume = GivenAVolume();
  EXPECT_EQ(volume.size_bytes, 16 * base::kMiB);
  EXPECT_THAT(backend_.Expand(volume.id, {.required_bytes = 32 * base::kMiB}, deadline_),
              IsOkAndHolds(32 * base::kMiB));
  EXPECT_OK(backend_.Delete(volume.id, deadline_));
}

TEST_F(RouterosBackendTest, DoesNotAwaitForEver) {
  router_.SetDelay(1000000);
  EXPECT_THAT(backend_.Create(Request(), deadline_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("has not done so yet")));
}

TEST_F(RouterosBackendTest, RemembersHowAHostWasLetIn) {
  const volume::VolumeId id = GivenAnExport().id;
  Export other = Wanted();
  EXPECT_OK(idempotent_.ExportOrGet(id, other, deadline_));
  other.fingerprint = "ro";
  EXPECT_THAT(idempotent_.ExportOrGet(id, other, deadline_),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(RouterosBackendTest, NeverTouchesDisksAndFilesOfOthers) {
  router_.Meddle("backup", [](FakeRouteros::Item& disk) {
    disk["type"] = "file";
    disk["file-path"] = "/raid1/backup.img";
  });
  router_.AddFile("raid1/backup.img");
  const Volume volume = GivenAVolume();
  // A copy of a volume's file somewhere else.
  const std::string copy = "usb1/" + router_.files().rbegin()->substr(6);
  router_.AddFile(copy);
  ASSERT_OK(backend_.Delete(volume.id, deadline_));
  EXPECT_THAT(backend_.List(deadline_)->volumes, IsEmpty());
  EXPECT_THAT(router_.disks(), SizeIs(1));
  EXPECT_THAT(router_.files(), ElementsAre("raid1/backup.img", copy));
}

TEST_F(RouterosBackendTest, RefusesADiskOfOurNamingThatIsNotOurs) {
  const volume::VolumeId id = {"rose", "disk", volume::Uuid::Random().Hex()};
  router_.Meddle(SlotOf(id), [](FakeRouteros::Item& disk) {
    disk["type"] = "file";
    disk["file-path"] = "/raid1/precious.img";
  });
  router_.AddFile("raid1/precious.img");
  for (const absl::Status& status :
       {backend_.Get(id, deadline_).status(), backend_.Delete(id, deadline_),
        backend_.ExportTo(id, Wanted(), deadline_).status(),
        backend_.Unexport(id, Host("a"), deadline_)}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("somebody")));
  }
  EXPECT_THAT(backend_.List(deadline_)->volumes, IsEmpty());
  EXPECT_THAT(router_.disks(), SizeIs(1));
  EXPECT_THAT(router_.files(), SizeIs(1));
}

// Another slot would hide an export from the fence, and a file in use from Delete.
TEST_F(RouterosBackendTest, RefusesAVolumeWhoseSlotSomebodyChanged) {
  const Volume volume = GivenAnExport();
  router_.Rename(SlotOf(volume.id), "accounting");
  for (const absl::Status& status :
       {backend_.Get(volume.id, deadline_).status(), backend_.Delete(volume.id, deadline_),
        backend_.Unexport(volume.id, Host("a"), deadline_),
        backend_.Create(Request(), deadline_).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("accounting")));
  }
  EXPECT_THAT(router_.files(), SizeIs(1));
  router_.Rename("accounting", SlotOf(volume.id));
  EXPECT_THAT(backend_.Get(volume.id, deadline_), IsOkAndHolds(volume));
}

TEST_F(RouterosBackendTest, NeverClearsAVolumeWhoseCommentSomebodyChanged) {
  const Volume volume = GivenAVolume();
  router_.Meddle(SlotOf(volume.id),
                 [](FakeRouteros::Item& disk) { disk["comment"] = "of the accountants"; });
  EXPECT_THAT(idempotent_.CreateOrGet(Request(), deadline_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("of the accountants")));
  EXPECT_THAT(router_.files(), SizeIs(1));
}

TEST_F(RouterosBackendTest, RefusesAnExportToAnyHost) {
  const Volume volume = GivenAVolume();
  router_.Meddle(SlotOf(volume.id), [](FakeRouteros::Item& disk) {
    disk["nvme-tcp-export"] = "yes";
    disk["nvme-tcp-server-allow-host-name"] = "";
  });
  for (const absl::Status& status : {backend_.ExportTo(volume.id, Wanted(), deadline_).status(),
                                     backend_.Unexport(volume.id, Host("a"), deadline_),
                                     backend_.Delete(volume.id, deadline_)}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("any host")));
  }
}

TEST_F(RouterosBackendTest, NeverExportsBeforeItIsShownWhoIsLetIn) {
  const Volume volume = GivenAVolume();
  // The note is set, the host is not.
  router_.FailAt(2, FakeRouteros::Fault::kRefusedInPart);
  EXPECT_THAT(backend_.ExportTo(volume.id, Wanted(), deadline_),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(DiskOf(volume.id)["nvme-tcp-export"], "false");
}

TEST_F(RouterosBackendTest, NeverShrinks) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(
      backend_.Expand(volume.id, {.required_bytes = 1, .limit_bytes = 8 * base::kMiB}, deadline_),
      StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("never shrinks")));
  EXPECT_EQ(backend_.Get(volume.id, deadline_)->size_bytes, 16 * base::kMiB);
}

// Of the disk, not of what is free: it is the same however many volumes there are.
TEST_F(RouterosBackendTest, KeepsAReserveOfTheDisk) {
  constexpr std::int64_t kDisk = std::int64_t{1} << 40;
  constexpr std::int64_t kRoom = kDisk - kDisk / 100 * 5;
  EXPECT_EQ(backend_.GetCapacity({}, deadline_)->available_bytes, kRoom);
  const Volume volume = GivenAVolume();
  const std::int64_t left = kRoom - volume.size_bytes;
  EXPECT_EQ(backend_.GetCapacity({}, deadline_)->available_bytes, left);
  CreateRequest request = Request();
  request.name = "pvc-2";
  request.size.required_bytes = left + 1;
  EXPECT_THAT(backend_.Create(request, deadline_), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(backend_.Expand(volume.id, {.required_bytes = kRoom + 1}, deadline_),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("beside the reserve")));
}

TEST_F(RouterosBackendTest, AFullDiskHasNoRoom) {
  CreateRequest request = Request();
  request.size.required_bytes = std::int64_t{1} << 39;
  const volume::VolumeId id = backend_.Create(request, deadline_)->id;
  router_.Meddle(SlotOf(id), [](FakeRouteros::Item& disk) {
    disk["size"] = std::to_string((std::int64_t{1} << 40) - 1);
  });
  EXPECT_EQ(backend_.GetCapacity({}, deadline_)->available_bytes, 0);
}

TEST_F(RouterosBackendTest, AMissingDiskIsNotAMissingVolume) {
  const Volume volume = GivenAVolume();
  router_.SetUnmounted(true);
  for (const absl::Status& status :
       {backend_.Delete(volume.id, deadline_), backend_.Get(volume.id, deadline_).status(),
        backend_.List(deadline_).status(), backend_.FindByName("pvc-1", deadline_).status(),
        backend_.Unexport(volume.id, Host("a"), deadline_),
        backend_.GetCapacity({}, deadline_).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("raid1")));
  }
  router_.SetUnmounted(false);
  EXPECT_THAT(backend_.Get(volume.id, deadline_), IsOkAndHolds(volume));
}

TEST_F(RouterosBackendTest, AnswersInTheWordsOfTheRequest) {
  const Volume made = idempotent_.CreateOrGet(Request(), deadline_).value();
  EXPECT_EQ(made.context, Request().context);
  EXPECT_EQ(idempotent_.CreateOrGet(Request(), deadline_).value(), made);
  CreateRequest other = Request();
  other.fingerprint = "other words";
  EXPECT_THAT(idempotent_.CreateOrGet(other, deadline_),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

}  // namespace
}  // namespace nvmeof::backend
