# Everything comes from the distribution's packages; nothing is fetched, nothing vendored.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)

pkg_check_modules(LIBBLKID REQUIRED IMPORTED_TARGET blkid)
pkg_check_modules(GRPC REQUIRED grpc++)

find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

# nvmeof_absl and nvmeof_rpc: Abseil, and gRPC with Protobuf. With NVMEOF_STATIC_RPC each of their
# libraries is taken from its archive where the distribution ships one, so that the binary needs
# few shared libraries and starts quickly.
add_library(nvmeof_absl INTERFACE)
add_library(nvmeof_proto INTERFACE)
add_library(nvmeof_rpc INTERFACE)

set(absl_libraries ${GRPC_STATIC_LIBRARIES})
list(FILTER absl_libraries INCLUDE REGEX "^absl_")
list(APPEND absl_libraries absl_cord absl_synchronization absl_time absl_status absl_statusor)
list(REMOVE_DUPLICATES absl_libraries)
set(rpc_libraries grpc++ grpc gpr upb address_sorting re2 cares)
set(rpc_shared_libraries ssl crypto z rt dl)

if(NVMEOF_STATIC_RPC)
  list(TRANSFORM absl_libraries REPLACE "(.+)" "-l:lib\\1.a")
  list(TRANSFORM rpc_libraries REPLACE "(.+)" "-l:lib\\1.a")
  # The archives refer to one another in circles.
  target_link_libraries(nvmeof_absl INTERFACE -Wl,--start-group ${absl_libraries} -Wl,--end-group
                                              Threads::Threads)
  target_link_libraries(nvmeof_proto INTERFACE -l:libprotobuf.a z Threads::Threads)
  target_link_libraries(
    nvmeof_rpc INTERFACE -Wl,--start-group ${rpc_libraries} -l:libprotobuf.a ${absl_libraries}
                         -Wl,--end-group ${rpc_shared_libraries} Threads::Threads)
else()
  if(NVMEOF_SANITIZER STREQUAL "thread")
    # Before the library, so that its functions are taken from here.
    add_library(nvmeof_absl_for_tsan STATIC tests/sanitizers/abseil_mutex.cc)
    target_link_libraries(nvmeof_absl INTERFACE nvmeof_absl_for_tsan)
  endif()
  target_link_libraries(nvmeof_absl INTERFACE -Wl,--as-needed ${absl_libraries} Threads::Threads)
  target_link_libraries(nvmeof_proto INTERFACE protobuf::libprotobuf Threads::Threads)
  target_link_libraries(nvmeof_rpc INTERFACE grpc++ grpc gpr protobuf::libprotobuf nvmeof_absl)
endif()

# libnvme 1.3 and 1.13 share a soname but not the size of their structures, so it is always linked
# from its archive: what we compiled against is what runs.
pkg_check_modules(LIBNVME REQUIRED libnvme)
add_library(nvmeof_libnvme INTERFACE)
target_link_libraries(nvmeof_libnvme INTERFACE -l:libnvme.a -l:libjson-c.a crypto)

# spdlog is included by one source file, so its header-only form, and that of fmt below it, costs
# nothing and saves two shared libraries. spdlog's own header-only target would link fmt's library.
add_library(nvmeof_spdlog INTERFACE)
target_compile_definitions(nvmeof_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(nvmeof_spdlog INTERFACE fmt::fmt-header-only Threads::Threads)

add_library(nvmeof_yaml INTERFACE)
if(NVMEOF_STATIC_RPC)
  target_link_libraries(nvmeof_yaml INTERFACE -l:libyaml-cpp.a)
else()
  target_link_libraries(nvmeof_yaml INTERFACE yaml-cpp)
endif()

add_library(nvmeof_blkid INTERFACE)
if(NVMEOF_STATIC_RPC)
  target_link_libraries(nvmeof_blkid INTERFACE -l:libblkid.a)
else()
  target_link_libraries(nvmeof_blkid INTERFACE PkgConfig::LIBBLKID)
endif()

if(NVMEOF_TESTS)
  pkg_check_modules(LIBMOUNT REQUIRED IMPORTED_TARGET mount)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
  include(GoogleTest)
endif()
