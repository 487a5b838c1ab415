# Warnings of our own code; generated code and libraries are outside of it.
add_library(nvmeof_warnings INTERFACE)
target_compile_options(
  nvmeof_warnings
  INTERFACE -Wall
            -Wextra
            -Werror
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wnon-virtual-dtor
            -Wold-style-cast
            -Wsuggest-override
            -Wswitch-enum)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(nvmeof_warnings INTERFACE -Wthread-safety -Wreserved-identifier -Wno-unknown-warning-option)
else()
  # Version 12, when it optimises, takes "text" + string for a copy onto itself (GCC bug 105651).
  target_compile_options(nvmeof_warnings INTERFACE -Wno-restrict)
endif()
