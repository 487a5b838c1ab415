#include "node/node_half.h"

#include <utility>

#include "base/status_macros.h"

namespace nvmeof::node {

absl::StatusOr<std::unique_ptr<NodeHalf>> NodeHalf::Make(const NodeSeams& seams) {
  ASSIGN_OR_RETURN(StageRecords records, StageRecords::Open(seams.record_files, seams.boot_id));
  ASSIGN_OR_RETURN(ConnectionMarks marks, ConnectionMarks::Open(seams.mark_files, seams.boot_id));
  return std::make_unique<NodeHalf>(seams, std::move(records), std::move(marks));
}

NodeHalf::NodeHalf(const NodeSeams& seams, StageRecords stage_records,
                   ConnectionMarks connection_marks)
    : records(std::move(stage_records)),
      marks(std::move(connection_marks)),
      marking_fabric(seams.host, marks),
      keyed_fabric(marking_fabric),
      scheduler(keyed_fabric, seams.clock),
      connector(seams.host, scheduler, marks, seams.clock),
      attacher(seams.host, scheduler, marks, seams.mounter, seams.workers, seams.clock),
      finder(seams.discovery, seams.host.identity, seams.workers, seams.clock),
      stager(records, keyed_fabric, attacher, finder, seams.mounter, seams.file_systems),
      publisher(records, attacher, seams.mounter, seams.file_systems),
      expander(records, attacher, seams.file_systems),
      usage(records, attacher, seams.mounter),
      reconciler(seams.host,
                 {records, marks, connector, attacher, stager, publisher, troubles, seams.claims,
                  seams.mounter, seams.clock},
                 seams.start, seams.seed),
      health(seams.host, records, troubles, seams.mounter) {}

}  // namespace nvmeof::node
