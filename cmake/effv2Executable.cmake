# effv2_set_flags(target): all warnings as errors and, if EFFV2_NATIVE is on, this machine's
# instruction set.
function(effv2_set_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
  if(EFFV2_NATIVE)
    target_compile_options(${target} PRIVATE -march=native)
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
      # clang 19 does not know every set of features that a virtual machine offers.
      target_compile_options(${target} PRIVATE -Wno-invalid-feature-combination)
    endif()
  endif()
endfunction()

# effv2_add_executable(name source...): one of this project's own programs.
function(effv2_add_executable name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE effv2::effv2)
  target_compile_definitions(${name} PRIVATE EFFV2_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  effv2_set_flags(${name})
endfunction()

# Packages that examples and tests may use beyond the library's own. All that are found are linked.
find_package(CLI11 QUIET)
find_package(nlohmann_json QUIET)
find_package(ZLIB QUIET)
find_path(EFFV2_STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb)
if(EFFV2_STB_INCLUDE_DIR AND NOT TARGET effv2_stb)
  add_library(effv2_stb INTERFACE IMPORTED)
  target_include_directories(effv2_stb INTERFACE ${EFFV2_STB_INCLUDE_DIR})
endif()

# effv2_find_packages(source...): `packages` are the targets of all those that were found, `missing`
# one whose header the sources include and that was not.
function(effv2_find_packages)
  set(text "")
  foreach(source IN LISTS ARGN)
    file(READ ${source} part)
    string(APPEND text "\n${part}")
  endforeach()
  set(packages "")
  set(missing "")
  foreach(pair "<CLI/=CLI11::CLI11" "<nlohmann/=nlohmann_json::nlohmann_json"
               "<effv2/data/gzip.hpp>=ZLIB::ZLIB" "<zlib.h>=ZLIB::ZLIB" "<stb_=effv2_stb"
               "\"decode_picture.hpp\"=effv2_stb" "\"../decode_picture.hpp\"=effv2_stb"
               "\"../../examples/decode_picture.hpp\"=effv2_stb"
               "\"mnist_data.hpp\"=ZLIB::ZLIB" "\"../mnist_data.hpp\"=ZLIB::ZLIB"
               "\"run_folder.hpp\"=nlohmann_json::nlohmann_json"
               "\"../run_folder.hpp\"=nlohmann_json::nlohmann_json")
    string(REPLACE "=" ";" pair "${pair}")
    list(POP_FRONT pair header package)
    string(FIND "${text}" "\n#include ${header}" place)
    if(TARGET ${package})
      list(APPEND packages ${package})
    elseif(NOT place EQUAL -1 AND NOT missing)
      set(missing ${package})
    endif()
  endforeach()
  set(packages ${packages} PARENT_SCOPE)
  set(missing "${missing}" PARENT_SCOPE)
endfunction()

# effv2_add_program(name source...): an example or a test. If the sources include a header of a
# package that is missing, says so and makes no target.
function(effv2_add_program name)
  effv2_find_packages(${ARGN})
  if(missing)
    message(STATUS "effv2: ${name} is left out, it needs ${missing}")
    return()
  endif()
  effv2_add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ${packages})
endfunction()
