# effv2_add_executable(name source...): one of this project's own programs, with all warnings as
# errors and, if EFFV2_NATIVE is on, for this machine's instruction set.
function(effv2_add_executable name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE effv2::effv2)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
  target_compile_definitions(${name} PRIVATE EFFV2_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(EFFV2_NATIVE)
    target_compile_options(${name} PRIVATE -march=native)
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
      # clang 19 does not know every set of features that a virtual machine offers.
      target_compile_options(${name} PRIVATE -Wno-invalid-feature-combination)
    endif()
  endif()
endfunction()
