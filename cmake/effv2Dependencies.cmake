# What the library needs: found in the build, and again by those who use an installed copy.
# Leaves what is missing, in words, in effv2_missing.
set(effv2_missing "")

find_package(Eigen3 3.3 QUIET NO_MODULE)
if(NOT TARGET Eigen3::Eigen)
  string(APPEND effv2_missing "effv2 needs Eigen 3.3 or later. ")
endif()

# Debian's xsimd 8.1 asks for xtl, which it does not need and does not bring.
if(NOT TARGET xtl)
  add_library(xtl INTERFACE IMPORTED)
endif()
# xsimd's version file accepts its own major version only: find any, then look.
if(NOT TARGET xsimd)
  find_package(xsimd QUIET)
endif()
if(NOT TARGET xsimd)
  string(APPEND effv2_missing "effv2 needs xsimd 8.1 or later. ")
elseif(xsimd_VERSION AND xsimd_VERSION VERSION_LESS 8.1)
  string(APPEND effv2_missing "effv2 needs xsimd 8.1 or later, found ${xsimd_VERSION}. ")
endif()

if(EFFV2_OPENMP)
  find_package(OpenMP QUIET COMPONENTS CXX)
  if(NOT OpenMP_CXX_FOUND)
    message(STATUS "effv2: no OpenMP for this compiler; everything runs on one thread")
  endif()
endif()
