# effv2::compiled: the library with its kernels, models and training loop for float compiled once, in
# the project that uses it. A file that links it instead of effv2::effv2 compiles in about a quarter of
# the time.
#
# Flags that choose the instruction set have to be the same for this target and for the files that use
# it: set them for all, with add_compile_options before find_package or add_subdirectory. Where they
# differ, the linker says so (an undefined reference that names the instruction set).
#
# A project has one of it, however many of its directories ask. (A library that links it and installs an
# export set has to put it in there too.)
if(TARGET effv2_compiled)
  return()
endif()
add_library(effv2_compiled STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/compiled.cpp)
add_library(effv2::compiled ALIAS effv2_compiled)
target_link_libraries(effv2_compiled PUBLIC effv2::effv2)
target_compile_definitions(effv2_compiled PUBLIC EFFV2_COMPILED)
# A plug-in or a Python module may link it.
set_target_properties(effv2_compiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  target_compile_options(effv2_compiled PRIVATE -O3)
endif()
