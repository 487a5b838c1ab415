// Short words for JSON in the doubles of storage systems that speak it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/struct.pb.h"

namespace nvmeof::testing::json {

using google::protobuf::Struct;
using google::protobuf::Value;

inline Value Text(std::string text) {
  Value value;
  value.set_string_value(std::move(text));
  return value;
}
inline Value Number(std::int64_t number) {
  Value value;
  value.set_number_value(static_cast<double>(number));
  return value;
}
inline Value Bool(bool truth) {
  Value value;
  value.set_bool_value(truth);
  return value;
}
inline Value List(const std::vector<Value>& values) {
  Value value;
  value.mutable_list_value();
  for (const Value& each : values) *value.mutable_list_value()->add_values() = each;
  return value;
}
inline Value Object(const std::map<std::string, Value>& fields) {
  Value value;
  value.mutable_struct_value();
  for (const auto& [key, field] : fields) {
    (*value.mutable_struct_value()->mutable_fields())[key] = field;
  }
  return value;
}

// What is not there is empty, 0 or false.
inline const Value& Get(const Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? Value::default_instance() : found->second;
}
inline std::string GetText(const Struct& object, const std::string& key) {
  return Get(object, key).string_value();
}
inline std::int64_t GetNumber(const Struct& object, const std::string& key) {
  return static_cast<std::int64_t>(Get(object, key).number_value());
}
inline bool GetBool(const Struct& object, const std::string& key) {
  return Get(object, key).bool_value();
}
inline const Struct& GetObject(const Struct& object, const std::string& key) {
  return Get(object, key).struct_value();
}

}  // namespace nvmeof::testing::json
