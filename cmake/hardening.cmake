# The release build only: the others want readable stacks and quick links.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(
    -D_FORTIFY_SOURCE=2
    -D_GLIBCXX_ASSERTIONS
    -fstack-protector-strong
    -fstack-clash-protection
    -fcf-protection
    -ffunction-sections
    -fdata-sections)
  add_link_options(-Wl,-z,relro,-z,now,--gc-sections,--as-needed)
endif()
