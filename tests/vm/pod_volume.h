// PodVolume: one volume's life as an orchestrator would drive it: which call comes when, and what
// is carried from one to the next.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "csi/v1/csi.pb.h"
#include "tests/vm/csi_client.h"

namespace nvmeof::testing {

enum class VolumeKind { kExt4, kXfs, kBlock };
std::string Name(VolumeKind kind);  // "ext4", "xfs", "block"

struct VolumeRequest {
  std::string name;
  VolumeKind kind = VolumeKind::kExt4;
  std::int64_t bytes = std::int64_t{1} << 30;
  std::map<std::string, std::string> parameters;
};

// The two plugins and the node that a volume is used on. The clients are borrowed.
struct Cluster {
  CsiClient* controller = nullptr;
  CsiClient* node = nullptr;
  std::string node_id;
  std::string kubelet;  // folder for staging and target paths
};

// One thread at a time. Each step may be repeated; those on the node repeat themselves for a while
// when they are told Aborted: something else works on the volume. Destruction makes no call.
class PodVolume {
 public:
  PodVolume(const Cluster& cluster, VolumeRequest request);
  // Of a volume that exists already; the parameters are its volume_context. No controller plugin
  // is asked.
  PodVolume(const Cluster& cluster, VolumeRequest request,
            std::map<std::string, std::string> publish_context);

  // Of the calls from now on.
  void UsePublishSecrets(std::map<std::string, std::string> secrets) {
    publish_secrets_ = std::move(secrets);
  }
  void UseStageSecrets(std::map<std::string, std::string> secrets) {
    stage_secrets_ = std::move(secrets);
  }

  absl::Status Create();
  absl::Status Delete();
  absl::Status ControllerPublish();
  absl::Status ControllerUnpublish();
  absl::Status Stage();
  absl::Status Unstage() { return UnstageWithin(kCallLimit); }
  absl::Status UnstageWithin(absl::Duration limit);
  absl::Status Publish();
  absl::Status Unpublish();
  // At the storage system, then on the node.
  absl::Status Expand(std::int64_t bytes);

  // ControllerPublish, Stage, Publish; and back.
  absl::Status Attach();
  absl::Status Detach();

  absl::StatusOr<csi::v1::NodeGetVolumeStatsResponse> Stats();
  // What the node plugin knows to be wrong, one line "STATUS Reason: message" each; empty: nothing.
  absl::StatusOr<std::string> Health();

  const std::string& id() const { return volume_.volume_id(); }
  std::int64_t bytes() const { return volume_.capacity_bytes(); }
  const std::map<std::string, std::string>& publish_context() const { return publish_context_; }
  std::string nqn() const { return publish_context_.at("nqn"); }
  const std::string& staging_path() const { return staging_path_; }
  const std::string& target_path() const { return target_path_; }
  // What a workload opens to read and write: a file on the volume, or the device.
  std::string data_path() const;
  csi::v1::VolumeCapability capability() const;

 private:
  const Cluster cluster_;
  const VolumeRequest request_;
  const std::string staging_path_;
  const std::string target_path_;
  csi::v1::Volume volume_;
  std::map<std::string, std::string> publish_context_;
  std::map<std::string, std::string> publish_secrets_;
  std::map<std::string, std::string> stage_secrets_;
};

}  // namespace nvmeof::testing
