// KernelParameter: a parameter of a loaded kernel module with another value for a while.
#pragma once

#include <string>

namespace nvmeof::testing {

// Destruction gives it its old value. Ends the program when there is no such parameter.
class KernelParameter {
 public:
  KernelParameter(const std::string& module, const std::string& name, const std::string& value);
  KernelParameter(const KernelParameter&) = delete;
  KernelParameter& operator=(const KernelParameter&) = delete;
  ~KernelParameter();

 private:
  const std::string file_;
  std::string before_;
};

}  // namespace nvmeof::testing
