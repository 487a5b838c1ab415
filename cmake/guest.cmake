include_guard(GLOBAL)

# nvmeof_guest_program(NAME SOURCES... [DEPS ...]): a program that runs as root in the guest.
function(nvmeof_guest_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE nvmeof_warnings ${ARG_DEPS} nvmeof_absl)
endfunction()

# All suites and what they run.
add_custom_target(guest_suites DEPENDS nvmeof-csi)

# nvmeof_guest_suite(NAME SOURCES... [KERNELS 6.12 ...] [ONLY KERNEL=FILTER ...] [DEADLINE SECONDS]
# [DEPS ...]): a GoogleTest program vm_NAME_test whose cases need a real kernel; labels "vm" and NAME.
# ONLY: that kernel runs the cases of the --gtest_filter; the others run all.
#
# One boot serves a whole suite: the fixture "vm.KERNEL.NAME" runs all cases in a guest, then each
# case is a ctest test of its own that looks up its result (tests/vm/case). Guests run one at a time.
function(nvmeof_guest_suite suite)
  cmake_parse_arguments(ARG "" "DEADLINE" "SOURCES;DEPS;KERNELS;ONLY" ${ARGN})
  set(program vm_${suite}_test)
  nvmeof_guest_program(${program} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} nvmeof_vm_main)
  add_dependencies(guest_suites ${program})
  if(NVMEOF_SANITIZER)
    return()
  endif()
  set(program_file "${CMAKE_CURRENT_BINARY_DIR}/${program}")
  if(NOT ARG_KERNELS)
    set(ARG_KERNELS 6.12)
  endif()
  if(NOT ARG_DEADLINE)
    set(ARG_DEADLINE 600)
  endif()
  foreach(kernel ${ARG_KERNELS})
    set(boot "vm.${kernel}.${suite}")
    set(filter "*")
    foreach(only ${ARG_ONLY})
      if(only MATCHES "^${kernel}=(.+)$")
        set(filter "${CMAKE_MATCH_1}")
      endif()
    endforeach()
    set(results "${CMAKE_BINARY_DIR}/vm/${suite}-${kernel}")
    add_test(NAME ${boot}
             COMMAND "${CMAKE_SOURCE_DIR}/tests/vm/guest" --kernel ${kernel} --deadline
                     ${ARG_DEADLINE} --results ${results} --suite ${program_file}
                     "--gtest_filter=${filter}")
    math(EXPR timeout "${ARG_DEADLINE} + 60")
    set_tests_properties(
      ${boot} PROPERTIES LABELS "vm;${suite}" FIXTURES_SETUP ${boot} RESOURCE_LOCK guest PROCESSORS 2
                         TIMEOUT ${timeout})
    set(cases_file "${CMAKE_CURRENT_BINARY_DIR}/${suite}-${kernel}-cases.cmake")
    configure_file("${CMAKE_SOURCE_DIR}/cmake/guest_cases.cmake.in" "${cases_file}" @ONLY)
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${cases_file}")
  endforeach()
endfunction()
