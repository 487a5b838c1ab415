# Everything comes from the distribution's packages; nothing is fetched, nothing vendored.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)

pkg_check_modules(LIBBLKID REQUIRED IMPORTED_TARGET blkid)
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent)
pkg_check_modules(GRPC REQUIRED grpc++)

find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

# nvmeof_absl, nvmeof_proto, nvmeof_rpc (gRPC with both), nvmeof_yaml, nvmeof_blkid and nvmeof_event. With
# NVMEOF_STATIC_RPC their libraries are taken from the archives, so that the binary needs few shared libraries and starts
# quickly; OpenSSL stays shared, for its security updates.
set(absl_libraries ${GRPC_STATIC_LIBRARIES})
list(FILTER absl_libraries INCLUDE REGEX "^absl_")
list(APPEND absl_libraries absl_cord absl_synchronization absl_time absl_status absl_statusor)
list(REMOVE_DUPLICATES absl_libraries)
set(rpc_libraries grpc++ grpc gpr upb address_sorting re2 cares)

# nvmeof_archives(NAME LIBRARIES... [DEPS ...]): a library that consists of the archives of others. They may
# refer to one another in any order: the file is a script that makes the linker go round.
function(nvmeof_archives name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  set(paths)
  foreach(library ${ARG_UNPARSED_ARGUMENTS})
    find_library(NVMEOF_ARCHIVE_${library} "lib${library}.a" REQUIRED)
    mark_as_advanced(NVMEOF_ARCHIVE_${library})
    string(APPEND paths " ${NVMEOF_ARCHIVE_${library}}")
  endforeach()
  set(script "${CMAKE_BINARY_DIR}/archives/lib${name}.a")
  file(CONFIGURE OUTPUT "${script}" CONTENT "GROUP (@paths@ )\n" @ONLY)
  add_library(${name} STATIC IMPORTED)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${script}"
                                           INTERFACE_LINK_LIBRARIES "${ARG_DEPS}")
endfunction()

if(NVMEOF_STATIC_RPC)
  nvmeof_archives(nvmeof_absl ${absl_libraries} DEPS Threads::Threads)
  nvmeof_archives(nvmeof_proto protobuf DEPS z Threads::Threads)
  nvmeof_archives(nvmeof_rpc ${rpc_libraries} DEPS nvmeof_proto nvmeof_absl ssl crypto z)
  nvmeof_archives(nvmeof_yaml yaml-cpp)
  nvmeof_archives(nvmeof_blkid blkid)
  nvmeof_archives(nvmeof_event event)
else()
  foreach(name absl proto rpc yaml blkid event)
    add_library(nvmeof_${name} INTERFACE)
  endforeach()
  if(NVMEOF_SANITIZER STREQUAL "thread")
    # Before the library, so that its functions are taken from here.
    add_library(nvmeof_absl_for_tsan STATIC tests/sanitizers/abseil_mutex.cc)
    target_link_libraries(nvmeof_absl INTERFACE nvmeof_absl_for_tsan)
  endif()
  target_link_libraries(nvmeof_absl INTERFACE ${absl_libraries} Threads::Threads)
  target_link_libraries(nvmeof_proto INTERFACE protobuf::libprotobuf Threads::Threads)
  target_link_libraries(nvmeof_rpc INTERFACE grpc++ grpc gpr nvmeof_proto nvmeof_absl)
  target_link_libraries(nvmeof_yaml INTERFACE yaml-cpp)
  target_link_libraries(nvmeof_blkid INTERFACE PkgConfig::LIBBLKID)
  target_link_libraries(nvmeof_event INTERFACE PkgConfig::LIBEVENT)
endif()

# libnvme 1.3 and 1.13 share a soname but not the size of their structures, so it is always linked
# from its archive: what we compiled against is what runs.
nvmeof_archives(nvmeof_libnvme nvme json-c DEPS crypto)

# spdlog is included by one source file, so its header-only form, and that of fmt below it, costs
# nothing and saves two shared libraries. spdlog's own header-only target would link fmt's library.
add_library(nvmeof_spdlog INTERFACE)
target_compile_definitions(nvmeof_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(nvmeof_spdlog INTERFACE fmt::fmt-header-only Threads::Threads)

if(NVMEOF_TESTS)
  pkg_check_modules(LIBMOUNT REQUIRED IMPORTED_TARGET mount)
  find_package(GTest REQUIRED)
endif()
