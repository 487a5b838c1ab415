# Libraries that nothing refers to would only slow the start.
add_link_options(-Wl,--as-needed)

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
  # Relative relocations in their packed form are a tenth of the size, and are read at every start.
  add_link_options(-Wl,-z,relro,-z,now,-z,pack-relative-relocs,--gc-sections)
endif()
