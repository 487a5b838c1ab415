#include "tests/vm/kernel_parameter.h"

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace nvmeof::testing {

KernelParameter::KernelParameter(const std::string& module, const std::string& name,
                                 const std::string& value)
    : file_(absl::StrCat("/sys/module/", module, "/parameters/", name)) {
  std::ifstream(file_) >> before_;
  std::ofstream out(file_);
  if (out << value << std::flush) return;
  std::cerr << "cannot set " << file_ << "\n";
  std::abort();
}

KernelParameter::~KernelParameter() { std::ofstream(file_) << before_; }

}  // namespace nvmeof::testing
