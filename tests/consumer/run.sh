#!/usr/bin/env bash
# run.sh KIND COMPILER DIRECTORY: builds and runs one consumer of the library in DIRECTORY.
# Exits with 77 where the compiler is missing.
set -euo pipefail

kind=$1 compiler=$2 work=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
flags=(-std=c++20 -O1 "${warnings[@]}" -I "$source/include" -isystem /usr/include/eigen3)

if ! command -v "$compiler" >/dev/null; then
  echo "skipped: no $compiler on this machine"
  exit 77
fi
rm -rf "$work"
mkdir -p "$work/project"

# Configures, builds and runs a CMake project that gets the library by the lines in $1.
build_project() {
  sed -e "s|@MAIN@|$here/main.cpp|" "$here/project.cmake.in" |
    awk -v use="$1" '{ gsub(/@USE@/, use); print }' >"$work/project/CMakeLists.txt"
  cmake -S "$work/project" -B "$work/build" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_BUILD_TYPE=Release "${@:2}"
  cmake --build "$work/build"
  "$work/build/consumer"
}

case $kind in
  find_package)
    cmake -S "$source" -B "$work/library" -DCMAKE_INSTALL_PREFIX="$work/prefix" \
      -DCMAKE_CXX_COMPILER="$compiler" -DEFFV2_BUILD_TESTS=OFF -DEFFV2_BUILD_EXAMPLES=OFF \
      -DEFFV2_BUILD_BENCHMARKS=OFF
    cmake --install "$work/library"
    build_project 'find_package(effv2 0.1 REQUIRED)' -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
  add_subdirectory)
    build_project "add_subdirectory($source effv2)"
    ;;
  fetch_content)
    build_project "include(FetchContent)\nFetchContent_Declare(effv2 SOURCE_DIR $source)\nFetchContent_MakeAvailable(effv2)"
    ;;
  plain_include)
    "$compiler" "${flags[@]}" -fopenmp "$here/main.cpp" -o "$work/consumer"
    "$work/consumer"
    ;;
  without_openmp)
    "$compiler" "${flags[@]}" "$here/main.cpp" -o "$work/consumer"
    "$work/consumer"
    ;;
  two_units)
    "$compiler" "${flags[@]}" -fopenmp -c "$here/unit_baseline.cpp" -o "$work/baseline.o"
    "$compiler" "${flags[@]}" -fopenmp -mavx2 -mfma -c "$here/unit_avx2.cpp" -o "$work/avx2.o"
    "$compiler" -fopenmp "$work/baseline.o" "$work/avx2.o" -o "$work/consumer"
    "$work/consumer"
    ;;
  each_header)
    cd "$source/include"
    for header in $(find effv2 -name '*.hpp' | sort); do
      echo "$header"
      echo "#include <$header>" >"$work/header.cpp"
      "$compiler" "${flags[@]}" -fopenmp -fsyntax-only "$work/header.cpp"
    done
    ;;
  *)
    echo "unknown kind of consumer: $kind" >&2
    exit 2
    ;;
esac
