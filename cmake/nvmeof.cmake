# nvmeof_library(NAME SOURCES... [DEPS ...] [GENERATED]): one static library for one folder.
# Dependencies are private: a folder sees only the folders that it names itself.
function(nvmeof_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(${name} PRIVATE nvmeof_warnings ${ARG_DEPS})
endfunction()

# nvmeof_proto_library(NAME FILE [GRPC] [DEPS ...]): the generated code of one .proto, path relative to proto/.
# It is a target of its own because our warnings do not apply to generated code.
function(nvmeof_proto_library name file)
  cmake_parse_arguments(ARG "GRPC" "" "DEPS" ${ARGN})
  set(out "${CMAKE_BINARY_DIR}/generated")
  string(REGEX REPLACE "\\.proto$" "" stem "${file}")
  set(sources "${out}/${stem}.pb.cc")
  set(headers "${out}/${stem}.pb.h")
  set(arguments --cpp_out=${out})
  if(ARG_GRPC)
    list(APPEND sources "${out}/${stem}.grpc.pb.cc")
    list(APPEND headers "${out}/${stem}.grpc.pb.h")
    list(APPEND arguments --grpc_out=${out} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN})
  endif()
  file(MAKE_DIRECTORY "${out}")
  add_custom_command(
    OUTPUT ${sources} ${headers}
    COMMAND ${PROTOC} -I ${CMAKE_SOURCE_DIR}/proto ${arguments} ${file}
    DEPENDS "${CMAKE_SOURCE_DIR}/proto/${file}"
    COMMENT "Generating ${file}")
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC "${out}")
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
  if(ARG_GRPC)
    target_link_libraries(${name} PUBLIC nvmeof_rpc)
  else()
    target_link_libraries(${name} PUBLIC nvmeof_proto)
  endif()
endfunction()

# nvmeof_test(NAME SOURCES... [DEPS ...]): one program of fast unit tests, label "unit". They need no
# privilege, no network and no wall clock. One process runs them all, as most take less time than its
# start, and leaves their results in cases/NAME.json.
function(nvmeof_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_compile_definitions(${name} PRIVATE NVMEOF_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE nvmeof_warnings ${ARG_DEPS} GTest::gmock GTest::gtest_main
                                        nvmeof_absl)
  add_test(NAME ${name} COMMAND ${name} "--gtest_output=json:${CMAKE_BINARY_DIR}/cases/${name}.json"
                                --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300
                                          ENVIRONMENT "${NVMEOF_TEST_ENVIRONMENT}")
endfunction()

# nvmeof_program(NAME SOURCES... [DEPS ...]): a program that users run, at the top of the build folder.
# The release build links the C++ runtime into it and keeps its debug information in NAME.debug,
# where debuggers find it by itself.
function(nvmeof_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(${name} PRIVATE nvmeof_warnings ${ARG_DEPS})
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc)
    add_custom_command(
      TARGET ${name}
      POST_BUILD
      COMMAND ${CMAKE_OBJCOPY} --only-keep-debug ${name} ${name}.debug
      COMMAND ${CMAKE_OBJCOPY} --strip-all --add-gnu-debuglink=${name}.debug ${name}
      WORKING_DIRECTORY "${CMAKE_BINARY_DIR}"
      VERBATIM)
  endif()
endfunction()
