// RpcLog: gRPC's own complaints, in our log and its form.
#pragma once

namespace nvmeof::server {

// From now on, for the whole process. gRPC says little unless its environment (GRPC_VERBOSITY,
// GRPC_TRACE) asks it to.
void ForwardRpcLog();

}  // namespace nvmeof::server
