// The target agent alone, on real file systems and the real kernel target, with hosts that do not
// behave.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/errno_status.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "nvmeof/v1/target_agent.grpc.pb.h"
#include "target/agent.h"
#include "target/file_pool.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/eventually.h"
#include "tests/vm/flood.h"
#include "tests/vm/kernel.h"
#include "tests/vm/leftovers.h"
#include "tests/vm/peer.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

using base::kMiB;

constexpr char kMount[] = "/run/nvmeof-agent";
constexpr char kSlowDisk[] = "slow";

const Host kFirst{"nqn.2014-08.org.example:first", "11111111-73a4-4c11-9f3f-26a9a4c60d51"};
const Host kSecond{"nqn.2014-08.org.example:second", "22222222-73a4-4c11-9f3f-26a9a4c60d51"};
const std::array<std::string, 2> kPortals = {"127.0.0.1", "127.0.0.2"};

// With nvme_core.multipath=N each path has a disk of its own.
absl::StatusOr<std::string> ConnectPath(const Host& host, const std::string& subsystem,
                                        const std::string& portal) {
  return ConnectByHand(host, subsystem, portal,
                       "reconnect_delay=1,ctrl_loss_tmo=20,fast_io_fail_tmo=5");
}

std::string DiskOfController(const std::string& controller) {
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/nvme/" + controller)) {
    const std::string name = entry.path().filename();
    if (std::filesystem::exists(entry.path() / "nsid")) return "/dev/" + name;
  }
  return "";
}

// The bytes on the storage, not in a cache.
std::string Content(const std::string& file, std::uint64_t offset, std::uint64_t bytes) {
  const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  void* const buffer = std::aligned_alloc(4096, bytes);
  const ssize_t got = ::pread(fd.get(), buffer, bytes, static_cast<off_t>(offset));
  std::string content(static_cast<const char*>(buffer),
                      got < 0 ? 0 : static_cast<std::size_t>(got));
  std::free(buffer);
  EXPECT_EQ(content.size(), bytes);
  return content;
}

class StorageTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ClearKernelTarget();
    // Two hosts in one kernel need disks that the kernel does not take for paths of one disk.
    ASSERT_OK(LoadNvme("multipath=N"));
    ASSERT_OK(RunTool({"modprobe", "dm-delay"}));
  }

  void SetUp() override { std::filesystem::create_directories(kMount); }

  void TearDown() override {
    StopAgent();
    SweepKernel({kMount, {}});
    (void)RunTool({"umount", "--recursive", kMount});
    (void)RunTool({"dmsetup", "remove", "--retry", kSlowDisk});
  }

  static std::string Spare() { return std::getenv("NVMEOF_SPARE"); }

  void MountSpare(const std::string& type, std::int64_t bytes = 2048 * kMiB) {
    const std::string size = absl::StrCat(bytes / kMiB, "M");
    if (type == "ext4") {
      ASSERT_OK(RunTool({"mkfs.ext4", "-q", "-F", Spare(), size}));
    }
    if (type == "xfs") {
      ASSERT_OK(RunTool({"mkfs.xfs", "-q", "-f", "-d", absl::StrCat("size=", bytes), Spare()}));
    }
    ASSERT_OK(RunTool({"mount", Spare(), kMount}));
  }

  // Every write to a volume takes that long; those to records do not, so that an answer that comes
  // too early is seen.
  void MountWithSlowImages(absl::Duration delay) {
    const std::string quick = absl::StrCat(std::getenv("NVMEOF_DISK"), "/agent");
    const std::string images = absl::StrCat(kMount, "/images");
    std::filesystem::remove_all(quick);
    std::filesystem::create_directories(quick + "/images");
    ASSERT_OK(RunTool({"mount", "--bind", quick, kMount}));
    ASSERT_OK(RunTool({"mkfs.ext4", "-q", "-F", Spare(), "1G"}));
    ASSERT_OK(RunTool({"dmsetup", "create", kSlowDisk, "--table",
                       absl::StrCat("0 2097152 delay ", Spare(), " 0 0 ", Spare(), " 0 ",
                                    absl::ToInt64Milliseconds(delay))}));
    ASSERT_OK(RunTool({"mount", absl::StrCat("/dev/mapper/", kSlowDisk), images}));
  }

  absl::Status StartAgent() {
    target::AgentOptions options;
    options.pool = volume::FolderPool{kMount};
    for (const std::string& portal : kPortals)
      options.portals.all.push_back({"tcp", portal, "4420"});
    auto agent = target::Agent::Start(options, commands_, clock_);
    if (!agent.ok()) return agent.status();
    agent_ = *std::move(agent);
    server_ = grpc::ServerBuilder().RegisterService(&agent_->service()).BuildAndStart();
    stub_ = v1::TargetAgent::NewStub(server_->InProcessChannel({}));
    return absl::OkStatus();
  }
  void StopAgent() {
    if (server_ != nullptr) server_->Shutdown();
    server_.reset();
    agent_.reset();
  }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::TargetAgent::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(kPatience));
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
  }

  absl::StatusOr<v1::Volume> Create(std::int64_t bytes, v1::Provisioning provisioning,
                                    const std::string& name = "data") {
    v1::CreateVolumeRequest request;
    request.set_name(name);
    request.set_required_bytes(bytes);
    request.set_provisioning(provisioning);
    v1::CreateVolumeResponse response;
    const absl::Status status = Call(&v1::TargetAgent::Stub::CreateVolume, request, response);
    if (!status.ok()) return status;
    return response.volume();
  }
  absl::Status Export(const v1::Volume& volume, const Host& host, v1::ExportMode mode) {
    v1::ExportVolumeRequest request;
    request.set_handle(volume.handle());
    request.mutable_wanted()->set_host_nqn(host.nqn);
    request.mutable_wanted()->set_mode(mode);
    v1::ExportVolumeResponse response;
    return Call(&v1::TargetAgent::Stub::ExportVolume, request, response);
  }
  absl::Status Unexport(const v1::Volume& volume, const Host& host) {
    v1::UnexportVolumeRequest request;
    request.set_handle(volume.handle());
    request.set_host_nqn(host.nqn);
    v1::UnexportVolumeResponse response;
    return Call(&v1::TargetAgent::Stub::UnexportVolume, request, response);
  }
  absl::Status Delete(const v1::Volume& volume) {
    v1::DeleteVolumeRequest request;
    request.set_handle(volume.handle());
    v1::DeleteVolumeResponse response;
    return Call(&v1::TargetAgent::Stub::DeleteVolume, request, response);
  }
  std::int64_t Available() {
    v1::GetAgentResponse response;
    EXPECT_OK(Call(&v1::TargetAgent::Stub::GetAgent, v1::GetAgentRequest(), response));
    return response.available_bytes();
  }

  static std::string Image(const v1::Volume& volume) {
    return absl::StrCat(kMount, "/images/", volume.handle(), ".img");
  }

  // The disks of the host's paths over both portals.
  static std::vector<std::string> Attach(const Host& host, const v1::Volume& volume) {
    std::vector<std::string> disks;
    for (const std::string& portal : kPortals) {
      const absl::StatusOr<std::string> controller =
          ConnectPath(host, volume.subsystem_nqn(), portal);
      EXPECT_OK(controller);
      if (!controller.ok()) continue;
      EXPECT_TRUE(Eventually(kPatience, [&] { return !DiskOfController(*controller).empty(); }));
      disks.push_back(DiskOfController(*controller));
      EXPECT_TRUE(Eventually(kPatience, [&] { return std::filesystem::exists(disks.back()); }));
    }
    return disks;
  }

  static void Note(absl::string_view what, absl::Duration took) {
    std::cout << what << " " << absl::ToInt64Milliseconds(took) << " ms\n";
  }

  base::MonotonicClock clock_;
  base::PosixCommandRunner commands_{clock_};
  std::unique_ptr<target::Agent> agent_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TargetAgent::Stub> stub_;
};

TEST_F(StorageTest, NothingOfAHostReachesTheFileAfterUnexport) {
  MountWithSlowImages(absl::Milliseconds(300));
  ASSERT_OK(StartAgent());
  const auto volume = Create(64 * kMiB, v1::PROVISIONING_THICK);
  ASSERT_OK(volume);
  ASSERT_OK(Export(*volume, kFirst, v1::EXPORT_MODE_SINGLE_NODE));
  const std::vector<std::string> disks = Attach(kFirst, *volume);
  ASSERT_EQ(disks.size(), 2U);
  {
    const Flood first(disks[0], {0, 32 * kMiB}, 8);
    const Flood second(disks[1], {32 * kMiB, 32 * kMiB}, 8);
    ASSERT_TRUE(first.WaitFor(20, kPatience));
    ASSERT_TRUE(second.WaitFor(20, kPatience));
    ASSERT_OK(Unexport(*volume, kFirst));
    const std::string fenced = Content(Image(*volume), 0, 64 * kMiB);
    EXPECT_TRUE(first.WaitForEnd(kPatience));
    EXPECT_TRUE(second.WaitForEnd(kPatience));
    EXPECT_TRUE(Content(Image(*volume), 0, 64 * kMiB) == fenced);
  }
  EXPECT_OK(Delete(*volume));
}

TEST_F(StorageTest, NothingOfAHostReachesTheFileAfterUnexportWhileAnotherHostGoesOn) {
  MountWithSlowImages(absl::Milliseconds(300));
  ASSERT_OK(StartAgent());
  const auto volume = Create(64 * kMiB, v1::PROVISIONING_THICK);
  ASSERT_OK(volume);
  ASSERT_OK(Export(*volume, kFirst, v1::EXPORT_MODE_MULTI_NODE));
  ASSERT_OK(Export(*volume, kSecond, v1::EXPORT_MODE_MULTI_NODE));
  const std::vector<std::string> first_disks = Attach(kFirst, *volume);
  const std::vector<std::string> second_disks = Attach(kSecond, *volume);
  ASSERT_EQ(first_disks.size() + second_disks.size(), 4U);
  {
    const Flood first(first_disks[0], {0, 32 * kMiB}, 8);
    const Flood second(second_disks[0], {32 * kMiB, 32 * kMiB}, 8);
    ASSERT_TRUE(first.WaitFor(20, kPatience));
    ASSERT_TRUE(second.WaitFor(20, kPatience));
    const absl::Time start = base::MonotonicClock().Now();
    ASSERT_OK(Unexport(*volume, kFirst));
    Note("unexport took", base::MonotonicClock().Now() - start);
    const std::string fenced = Content(Image(*volume), 0, 32 * kMiB);
    EXPECT_TRUE(second.WaitFor(100, kPatience)) << "the other host goes on";
    Note("the other host went on after", base::MonotonicClock().Now() - start);
    EXPECT_TRUE(first.WaitForEnd(kPatience));
    EXPECT_TRUE(Content(Image(*volume), 0, 32 * kMiB) == fenced);
  }
  ASSERT_OK(Unexport(*volume, kSecond));
  EXPECT_OK(Delete(*volume));
}

TEST_F(StorageTest, HostThatConnectsAllTheTimeDoesNotSlipThroughTheFence) {
  MountSpare("ext4");
  ASSERT_OK(StartAgent());
  const auto volume = Create(64 * kMiB, v1::PROVISIONING_THIN);
  ASSERT_OK(volume);
  for (int round = 0; round < 10; ++round) {
    ASSERT_OK(Export(*volume, kFirst, v1::EXPORT_MODE_SINGLE_NODE));
    std::thread connecting([&] {
      for (const std::string& portal : kPortals) {
        (void)ConnectPath(kFirst, volume->subsystem_nqn(), portal);
      }
    });
    EXPECT_OK(Unexport(*volume, kFirst));
    connecting.join();
    EXPECT_FALSE(ConnectPath(kFirst, volume->subsystem_nqn(), kPortals[0]).ok());
    DeleteAllPaths();
  }
  EXPECT_OK(Delete(*volume));
}

TEST_F(StorageTest, RestartTouchesNothingOfAHostThatWrites) {
  MountSpare("ext4");
  ASSERT_OK(StartAgent());
  const auto volume = Create(64 * kMiB, v1::PROVISIONING_THIN);
  ASSERT_OK(volume);
  ASSERT_OK(Export(*volume, kFirst, v1::EXPORT_MODE_SINGLE_NODE));
  const std::vector<std::string> disks = Attach(kFirst, *volume);
  const auto paths = KernelPaths();
  {
    const Flood flood(disks.at(0), {0, 32 * kMiB}, 4);
    ASSERT_TRUE(flood.WaitFor(50, kPatience));
    StopAgent();
    ASSERT_OK(StartAgent());
    EXPECT_TRUE(flood.WaitFor(50, kPatience));
    EXPECT_EQ(KernelPaths(), paths);
  }
  ASSERT_OK(Unexport(*volume, kFirst));
}

TEST_F(StorageTest, FileSystemsThatCannotHoldVolumesAreRefused) {
  ASSERT_OK(RunTool({"mount", "-t", "tmpfs", "tmpfs", kMount}));
  EXPECT_THAT(StartAgent(),
              StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::HasSubstr("tmpfs")));
}

class PoolTest : public StorageTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    MountSpare(GetParam());
    ASSERT_OK(StartAgent());
  }

  static std::int64_t FreeBytes() {
    struct statvfs now {};
    EXPECT_EQ(::statvfs(kMount, &now), 0);
    return static_cast<std::int64_t>(now.f_bavail * now.f_frsize);
  }

  // As hosts do that fill thin volumes: to the last block.
  static void FillUp() {
    const base::UniqueFd fd(
        ::open(absl::StrCat(kMount, "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    off_t filled = 0;
    for (off_t size = 1024 * kMiB; size >= 512;) {
      const bool taken = ::fallocate(fd.get(), 0, filled, size) == 0;
      taken ? filled += size : size /= 2;
    }
    ::fsync(fd.get());
  }
};

TEST_P(PoolTest, ThickVolumeBeyondTheRoomIsRefusedBeforeAnythingIsWritten) {
  const std::int64_t free = FreeBytes();
  EXPECT_THAT(Create(free, v1::PROVISIONING_THICK), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(FreeBytes(), free);
}

TEST_P(PoolTest, BlocksThatAHostDiscardsInAThickVolumeStayItsOwn) {
  const std::int64_t before = Available();
  const auto volume = Create(512 * kMiB, v1::PROVISIONING_THICK);
  ASSERT_OK(volume);
  ASSERT_OK(Export(*volume, kFirst, v1::EXPORT_MODE_SINGLE_NODE));
  const std::vector<std::string> disks = Attach(kFirst, *volume);
  const std::int64_t free = FreeBytes();
  ASSERT_OK(RunTool({"blkdiscard", disks.at(0)}));
  EXPECT_TRUE(Eventually(kPatience, [&] { return FreeBytes() > free + 400 * kMiB; }));
  EXPECT_LE(Available(), before - 512 * kMiB);
  ASSERT_OK(Unexport(*volume, kFirst));
}

TEST_P(PoolTest, GrowthThatFailsGivesItsBlocksBack) {
  StopAgent();
  const auto pool = *target::FilePool::Open(kMount, [](const auto&) { return absl::OkStatus(); });
  ASSERT_OK(pool->Create("a", 64 * kMiB, volume::Provisioning::kThick));
  const std::int64_t free = FreeBytes();
  EXPECT_THAT(pool->Grow("a", 16384 * kMiB, volume::Provisioning::kThick),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(Eventually(kPatience, [&] { return FreeBytes() + kMiB > free; }));
  EXPECT_EQ(std::filesystem::file_size(pool->Path("a")), 64U * kMiB);
  EXPECT_THAT(pool->Create("b", 16384 * kMiB, volume::Provisioning::kThick),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(Eventually(kPatience, [&] { return FreeBytes() + kMiB > free; }));
}

TEST_P(PoolTest, FullPoolStillShutsHostsOutAndDeletes) {
  const auto volume = Create(64 * kMiB, v1::PROVISIONING_THIN);
  ASSERT_OK(volume);
  ASSERT_OK(Export(*volume, kFirst, v1::EXPORT_MODE_SINGLE_NODE));
  FillUp();
  EXPECT_THAT(base::WriteFileAtomically(absl::StrCat(kMount, "/probe"), std::string(8192, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_OK(Unexport(*volume, kFirst));
  EXPECT_OK(Delete(*volume));
  EXPECT_FALSE(std::filesystem::exists(Image(*volume)));
}

INSTANTIATE_TEST_SUITE_P(FileSystems, PoolTest, ::testing::Values("ext4", "xfs"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace nvmeof::testing
