# What the library needs: found in the build, and again by those who use an installed copy.
# Leaves what is missing, in words, in effv2_missing.
set(effv2_missing "")

if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  string(APPEND effv2_missing "effv2 needs g++ 12 or later, this is ${CMAKE_CXX_COMPILER_VERSION}. ")
endif()
if(NOT effv2_FIND_QUIETLY AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES
   AND NOT CMAKE_CXX_FLAGS MATCHES "-O[1-3s]")
  message(WARNING "effv2: without a CMAKE_BUILD_TYPE nothing is optimised, and training takes many "
                  "times as long; -DCMAKE_BUILD_TYPE=Release is what you want")
endif()

# Only kernels/gemm.hpp, the textbook convolution, needs it, 3.3 or later: since then there is the
# target. (Asked for 3.3, the version file of Eigen 5 would refuse.)
find_package(Eigen3 QUIET NO_MODULE)

if(NOT TARGET xsimd)
  # Debian's xsimd 8.1 asks for xtl, which it does not need and does not bring.
  find_package(xtl QUIET)
  if(NOT TARGET xtl)
    add_library(xtl INTERFACE IMPORTED)
  endif()
  # xsimd's version file accepts its own major version only: find any, then look.
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
