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
  target_compile_options(nvmeof_warnings INTERFACE -Wthread-safety -Wno-unknown-warning-option)
endif()
