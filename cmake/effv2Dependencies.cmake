# What the library needs, found in the build and again by those who use an installed copy.
include(CMakeFindDependencyMacro)

# Debian's xsimd 8.1 asks for xtl, which it does not need and does not bring.
if(NOT TARGET xtl)
  add_library(xtl INTERFACE IMPORTED)
endif()

find_dependency(Eigen3 3.3 NO_MODULE)
# xsimd's version file accepts its own major version only: find any, then look.
find_dependency(xsimd)
if(xsimd_VERSION VERSION_LESS 8.1)
  message(FATAL_ERROR "effv2 needs xsimd 8.1 or later, found ${xsimd_VERSION}")
endif()

if(EFFV2_OPENMP)
  find_package(OpenMP QUIET COMPONENTS CXX)
  if(NOT OpenMP_CXX_FOUND)
    message(STATUS "effv2: this compiler has no OpenMP; everything runs on one thread")
  endif()
endif()
