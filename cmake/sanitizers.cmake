# Of the distribution's libraries, which are not instrumented, tsan can only report what is not there.
# The end of a process with a hanging thread is a behaviour under test, not a leak.
set(NVMEOF_TSAN_OPTIONS
    "ignore_noninstrumented_modules=1 report_thread_leaks=0 suppressions=${CMAKE_SOURCE_DIR}/tests/sanitizers/tsan.supp"
)
if(NVMEOF_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Position-independent, the sanitizers' tables need two million relocations at each start.
  add_link_options(-fsanitize=address,undefined -no-pie)
elseif(NVMEOF_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  set(NVMEOF_TEST_ENVIRONMENT "TSAN_OPTIONS=${NVMEOF_TSAN_OPTIONS}")
elseif(NVMEOF_SANITIZER)
  message(FATAL_ERROR "NVMEOF_SANITIZER is '${NVMEOF_SANITIZER}'; it may be address, thread or empty")
endif()
