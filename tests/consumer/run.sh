#!/usr/bin/env bash
# run.sh KIND COMPILER DIRECTORY: builds and runs one consumer of the library in DIRECTORY.
# Exits with 77 where the compiler is missing.
set -euo pipefail

(($# == 3)) || {
  sed -n '2,3s/^# \{0,1\}//p' "$0"
  exit 2
}
kind=$1 compiler=$2 work=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
version=$(sed -n 's/^#define EFFV2_VERSION_STRING "\(.*\)"/\1/p' "$source/include/effv2/version.hpp")
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
flags=(-std=c++20 -O0 "${warnings[@]}" -I "$source/include" -isystem /usr/include/eigen3)

if ! command -v "$compiler" >/dev/null; then
  echo "skipped: no $compiler on this machine"
  exit 77
fi
rm -rf "$work"
mkdir -p "$work/project"

# Configures, builds and runs a CMake project that gets the library by the lines in $1; further
# arguments go to its configuration. With -O0: it is about being found and linked, not about speed.
build_project() {
  cat >"$work/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
$1
add_executable(consumer "$here/main.cpp")
target_link_libraries(consumer PRIVATE effv2::${target-effv2})
target_compile_options(consumer PRIVATE ${warnings[*]})
get_target_property(options effv2::effv2 INTERFACE_COMPILE_OPTIONS)
if(options MATCHES "march")
  message(FATAL_ERROR "the exported target chooses an instruction set: \${options}")
endif()
if(TARGET mnist_train OR TARGET effv2_bench OR TARGET architecture_test)
  message(FATAL_ERROR "the library builds its own programs inside of another project")
endif()
END
  cmake -S "$work/project" -B "$work/build" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE='-O0 -DNDEBUG' "${@:2}"
  cmake --build "$work/build"
  "$work/build/consumer"
}

# compile [FLAG...] SOURCE: only whether it compiles; - is standard input.
compile() { "$compiler" "${flags[@]}" -fopenmp -fsyntax-only "${@:1:$#-1}" -x c++ "${@: -1}"; }

# precompile NAME HEADER...: these headers as one that -include "$work/NAME" finds precompiled.
precompile() {
  local suffix=gch
  if [[ $compiler == clang* ]]; then suffix=pch; fi
  printf '#include <%s>\n' "${@:2}" >"$work/$1"
  "$compiler" "${flags[@]}" -fopenmp -x c++-header "$work/$1" -o "$work/$1.$suffix"
}

# Calls a function with each line of standard input: one half of the lines beside the other.
for_each_half() {
  cat >"$work/lines"
  each() { while read -r line; do echo "$line" && "$1" "$line" </dev/null || exit 1; done; }
  sed -n 'p;n' "$work/lines" | each "$1" &
  local half=$!
  sed -n 'n;p' "$work/lines" | each "$1"
  wait $half
}

# Installs the library to $work/prefix.
install_library() {
  cmake -S "$source" -B "$work/library" -DCMAKE_INSTALL_PREFIX="$work/prefix" \
    -DCMAKE_CXX_COMPILER="$compiler" -DEFFV2_BUILD_TESTS=OFF -DEFFV2_BUILD_EXAMPLES=OFF \
    -DEFFV2_BUILD_BENCHMARKS=OFF
  cmake --install "$work/library"
}

check_no_openmp() {
  if ldd "$1" | grep -E 'libg?omp'; then
    echo "$1 is linked with OpenMP" >&2
    exit 1
  fi
}

case $kind in
  find_package)
    install_library
    build_project "find_package(effv2 $version REQUIRED)" -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
  add_subdirectory)
    # Warnings of the library's own source are no errors of somebody else's build.
    build_project "add_subdirectory(\"$source\" effv2)
get_target_property(options effv2_compiled COMPILE_OPTIONS)
if(options MATCHES Werror)
  message(FATAL_ERROR \"effv2::compiled makes warnings errors\")
endif()"
    if grep -rq --include=cmake_install.cmake version.hpp "$work/build"; then
      echo "the library is installed with somebody else's program, unasked" >&2
      exit 1
    fi
    ;;
  fetch_content)
    build_project "include(FetchContent)
FetchContent_Declare(effv2 SOURCE_DIR \"$source\")
FetchContent_MakeAvailable(effv2)"
    ;;
  compiled)
    # An instruction set, as a user would ask for it: for the target and for the program alike.
    instructions=
    if grep -q avx2 /proc/cpuinfo; then instructions='add_compile_options(-march=x86-64-v3)'; fi
    install_library
    # A directory of the project, or of one of its dependencies, asks for it as well, and twice, for
    # a shared library.
    mkdir "$work/project/part"
    echo "find_package(effv2 $version REQUIRED)
find_package(effv2 $version REQUIRED)
add_library(part SHARED \"$here/unit_other.cpp\")
target_compile_definitions(part PRIVATE EFFV2_SUM=sum_in_part)
target_link_libraries(part PRIVATE effv2::compiled)" >"$work/project/part/CMakeLists.txt"
    target=compiled build_project "$instructions
add_subdirectory(part)
find_package(effv2 $version REQUIRED)" -DCMAKE_PREFIX_PATH="$work/prefix"
    # And the program brings no kernels of its own.
    object=$(find "$work/build" -name main.cpp.o)
    if nm -C "$object" | grep -E ' [TW] .*kernels::(conv2d|batch_norm|indirect)_'; then
      echo "the kernels were compiled again" >&2
      exit 1
    fi
    ;;
  readme)
    # The program that README.md shows, and what its section and the two behind it go on with.
    section() {
      sed -n "/^##* $1/,/^### /p" "$source/README.md" |
        awk '/^```cpp/ { block++; inside = 1; next } /^```/ { inside = 0 } inside { print block, $0 }'
    }
    section 'In your own program' | sed -n 's/^1 //p' >"$work/readme.cpp"
    grep -q 'int main' "$work/readme.cpp"
    # wrapped NAME SECTION BLOCKS: a function of some of a section's blocks.
    wrapped() {
      echo "void $1(models::EfficientNet<float>& model, const data::Dataset& training,"
      echo '    const data::Dataset& test, const Tensor<std::uint8_t>& picture,'
      echo '    const train::FitOptions& given) {'
      echo '  (void)training, (void)test, (void)picture, (void)given;'
      [[ $2 == In* ]] || echo '  const train::FitOptions& options = given;'
      section "$2" | sed -n "s/^[$3] //p"
      echo '}'
    }
    {
      wrapped parts 'In your own program' 2-9
      wrapped weights 'Weights' 1-9
      wrapped runs 'Runs that survive' 1-9
    } >>"$work/readme.cpp"
    for text in train::Classifier io::load_torchvision io::CheckpointFolder; do
      grep -q "$text" "$work/readme.cpp"
    done
    "$compiler" "${flags[@]}" -fopenmp "$work/readme.cpp" -lz -o "$work/consumer"
    ;;
  plain_include)
    "$compiler" "${flags[@]}" -fopenmp "$here/main.cpp" -o "$work/consumer"
    "$work/consumer"
    ;;
  without_openmp)
    "$compiler" "${flags[@]}" "$here/main.cpp" -o "$work/consumer"
    "$work/consumer"
    check_no_openmp "$work/consumer"
    # An installed copy, used by a project that wants no threads and has no Eigen.
    install_library
    build_project "find_package(effv2 $version REQUIRED)" -DCMAKE_PREFIX_PATH="$work/prefix" \
      -DEFFV2_OPENMP=OFF -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON
    check_no_openmp "$work/build/consumer"
    ;;
  two_units)
    # Every header in two units with the same flags: a function that is not inline shows itself. (Not
    # compiled.hpp and its kernels, which want the target of that name.)
    (cd "$source/include" && find effv2 -name '*.hpp' ! -name 'compiled*.hpp' | sort |
      sed 's/.*/#include <&>/') \
      >"$work/everything.hpp"
    first=()
    objects=("$work/first.o" "$work/second.o")
    if [[ $(uname -m) == x86_64 ]]; then
      # And the umbrella in a third one, for another instruction set.
      "$compiler" "${flags[@]}" -fopenmp -mavx2 -mfma -DEFFV2_UNIT=avx2 \
        -c "$here/unit_other.cpp" -o "$work/avx2.o"
      first=(-DEFFV2_WITH_AVX2_UNIT)
      objects+=("$work/avx2.o")
    fi
    "$compiler" "${flags[@]}" "${first[@]}" -fopenmp -include "$work/everything.hpp" \
      -c "$here/unit_first.cpp" -o "$work/first.o"
    "$compiler" "${flags[@]}" -fopenmp -include "$work/everything.hpp" \
      -DEFFV2_UNIT=second -c "$here/unit_other.cpp" -o "$work/second.o"
    # And in a shared library that hides what it can.
    "$compiler" "${flags[@]}" -fopenmp -DEFFV2_UNIT=hidden -fPIC -shared -fvisibility=hidden \
      -fvisibility-inlines-hidden "$here/unit_other.cpp" -o "$work/libhidden.so"
    objects+=("$work/libhidden.so" "-Wl,-rpath,$work")
    # Of what the linker may take from either unit, only Error has a name for both.
    if [[ -e $work/avx2.o ]]; then
      for object in first avx2; do
        nm -C --defined-only "$work/$object.o" | sed -n 's/^[0-9a-f]* [VWu] //p' |
          grep 'effv2::' | sort -u >"$work/$object.symbols"
      done
      shared=$(comm -12 "$work/first.symbols" "$work/avx2.symbols" | grep -vE '^(effv2|(typeinfo|typeinfo name|vtable) for effv2)::Error' || true)
      if [[ -n $shared ]]; then
        echo "units for different instruction sets share: $shared" >&2
        exit 1
      fi
    fi
    "$compiler" -fopenmp "${objects[@]}" -lz -o "$work/consumer"
    "$work/consumer"
    ;;
  each_header)
    # Twice: a header without a guard shows itself. The vectors, which half of them include, are
    # precompiled for that half.
    precompile simd.hpp effv2/core/simd.hpp
    check() {
      local simd=()
      if "$compiler" "${flags[@]}" -nostdinc -MM -MG "$source/include/$1" | grep -q core/simd.hpp; then
        simd=(-include "$work/simd.hpp")
      fi
      printf '#include <%s>\n#include <%s>\n' "$1" "$1" | compile "${simd[@]}" -
    }
    (cd "$source/include" && find effv2 -name '*.hpp' | sort) | for_each_half check
    ;;
  each_example)
    for package in CLI/CLI.hpp nlohmann/json.hpp stb/stb_image.h zlib.h; do
      [[ -e /usr/include/$package ]] || { echo "no $package on this machine" && exit 77; }
    done
    precompile packages.hpp effv2/effv2.hpp CLI/CLI.hpp nlohmann/json.hpp
    check() { compile -include "$work/packages.hpp" -isystem /usr/include/stb '-DEFFV2_SOURCE_DIR="."' "$1"; }
    find "$source/examples" -name '*.cpp' | sort | for_each_half check
    ;;
  *)
    echo "unknown kind of consumer: $kind" >&2
    exit 2
    ;;
esac
