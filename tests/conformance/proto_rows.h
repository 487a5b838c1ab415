// Rows: the facts of a .proto that the wire depends on, one line each, so that what we compiled and
// a table of what others speak can be compared as sets. Columns are separated by tabs:
//
//   type NAME · field OWNER NAME NUMBER LABEL TYPE · oneof OWNER NAME FIELDS
//   enum TYPE VALUE NUMBER · rpc SERVICE NAME REQUEST RESPONSE STREAMING
//   extension OPTIONS NAME NUMBER
#pragma once

#include <set>
#include <string>

#include "google/protobuf/descriptor.h"

namespace nvmeof::testing {

using Rows = std::set<std::string>;

// The table of that name beside this file; empty when there is none.
[[nodiscard]] Rows TableRows(const std::string& name);

[[nodiscard]] Rows CompiledRows(const google::protobuf::FileDescriptor& file);

// What a service speaks, whatever its messages are called: for each field on the way from a request
// or reply down, with dots between names of fields,
//
//   method NAME request|reply FIELD NUMBER LABEL TYPE
//
// TYPE is `message`, or `enum` with its numbers, where it is none of the wire's own. Messages must
// not contain themselves.
[[nodiscard]] Rows MethodRows(const google::protobuf::ServiceDescriptor& service);

[[nodiscard]] Rows Minus(const Rows& all, const Rows& some);

}  // namespace nvmeof::testing
