// What a fuzzer calls: bytes in, and either they are read or an effv2::Error is thrown. Anything
// else (another exception, a report of a sanitiser, memory beyond the limit) ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <effv2/core/byte_source.hpp>
#include <effv2/core/error.hpp>
#include <span>

using Bytes = std::span<const std::uint8_t>;

void fuzz(Bytes bytes);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    fuzz({data, size});
  } catch (const effv2::Error&) {
  }
  return 0;
}
