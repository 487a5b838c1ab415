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

# One boot serves a whole suite: the fixture BOOT runs the cases of the --gtest_filter in a guest, then
# each case is a ctest test of its own that looks up its result (tests/vm/case). PAIRED: it may run beside
# another such guest, as it waits half of its time; the others have the machine for themselves.
# ENVIRONMENT: of the program.
function(nvmeof_guest_boot boot)
  cmake_parse_arguments(ARG "" "PROGRAM;KERNEL;FILTER;DEADLINE;RESULTS;PAIRED" "LABELS;ENVIRONMENT" ${ARGN})
  set(command "${ARG_PROGRAM}" "--gtest_filter=${ARG_FILTER}")
  if(ARG_ENVIRONMENT)
    list(PREPEND command env ${ARG_ENVIRONMENT})
  endif()
  add_test(NAME ${boot} COMMAND "${CMAKE_SOURCE_DIR}/tests/vm/guest" --kernel ${ARG_KERNEL} --deadline
                                ${ARG_DEADLINE} --results ${ARG_RESULTS} --suite ${command})
  # Of the machine that is started once more, too.
  math(EXPR timeout "2 * ${ARG_DEADLINE} + 240")
  set(slots 2) # as many as scripts/test has
  if(ARG_PAIRED)
    set(slots 1)
  endif()
  set_tests_properties(${boot} PROPERTIES LABELS "${ARG_LABELS}" FIXTURES_SETUP ${boot} PROCESSORS ${slots}
                                          TIMEOUT ${timeout})
  set(cases_file "${CMAKE_CURRENT_BINARY_DIR}/${boot}-cases.cmake")
  configure_file("${CMAKE_SOURCE_DIR}/cmake/guest_cases.cmake.in" "${cases_file}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${cases_file}")
endfunction()

# nvmeof_guest_suite(NAME [PAIRED] SOURCES... [KERNELS 6.12 ...] [ONLY KERNEL=FILTER ...] [DEADLINE SECONDS]
# [DEPS ...] [SANITIZED FILTER]): a GoogleTest program vm_NAME_test whose cases need a real kernel; labels
# "vm" and NAME. PAIRED: no case of it measures time. ONLY: that kernel runs the cases of the --gtest_filter; the others run all. SANITIZED:
# these run again with the node plugins of the presets asan and tsan (scripts/test); label "sanitized".
# The preset tsan, with which no suite runs, compiles the sources of all suites as one target.
function(nvmeof_guest_suite suite)
  cmake_parse_arguments(ARG "PAIRED" "DEADLINE;SANITIZED" "SOURCES;DEPS;KERNELS;ONLY" ${ARGN})
  if(NVMEOF_SANITIZER)
    if(NOT TARGET nvmeof_guest_sources)
      add_library(nvmeof_guest_sources OBJECT)
      target_include_directories(nvmeof_guest_sources PRIVATE "${CMAKE_SOURCE_DIR}")
      target_link_libraries(nvmeof_guest_sources PRIVATE nvmeof_warnings nvmeof_absl)
    endif()
    target_sources(nvmeof_guest_sources PRIVATE ${ARG_SOURCES})
    target_link_libraries(nvmeof_guest_sources PRIVATE ${ARG_DEPS})
    return()
  endif()
  set(program vm_${suite}_test)
  nvmeof_guest_program(${program} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} nvmeof_vm_main)
  add_dependencies(guest_suites ${program})
  set(program_file "${CMAKE_CURRENT_BINARY_DIR}/${program}")
  if(NOT ARG_KERNELS)
    set(ARG_KERNELS 6.12)
  endif()
  if(NOT ARG_DEADLINE)
    set(ARG_DEADLINE 600)
  endif()
  foreach(kernel ${ARG_KERNELS})
    set(filter "*")
    foreach(only ${ARG_ONLY})
      if(only MATCHES "^${kernel}=(.+)$")
        set(filter "${CMAKE_MATCH_1}")
      endif()
    endforeach()
    nvmeof_guest_boot(
      vm.${kernel}.${suite}
      PROGRAM ${program_file}
      KERNEL ${kernel}
      FILTER ${filter}
      DEADLINE ${ARG_DEADLINE}
      RESULTS "${CMAKE_BINARY_DIR}/vm/${suite}-${kernel}"
      PAIRED ${ARG_PAIRED}
      LABELS vm ${suite})
  endforeach()
  if(ARG_SANITIZED)
    foreach(preset asan tsan)
      nvmeof_guest_boot(
        vm.6.12.sanitized.${preset}
        PROGRAM ${program_file}
        KERNEL 6.12
        FILTER ${ARG_SANITIZED}
        DEADLINE ${ARG_DEADLINE}
        RESULTS "${CMAKE_BINARY_DIR}/vm/${suite}-${preset}"
        LABELS sanitized
        # Whoever is told to end ends at once and frees nothing.
        ENVIRONMENT "NVMEOF_NODE_PROGRAM=${CMAKE_SOURCE_DIR}/build/${preset}/nvmeof-csi.lean"
                    ASAN_OPTIONS=detect_leaks=0
                    "TSAN_OPTIONS=halt_on_error=1 ${NVMEOF_TSAN_OPTIONS}")
    endforeach()
  endif()
endfunction()
