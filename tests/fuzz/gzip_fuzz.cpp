#include <array>
#include <effv2/data/gzip.hpp>
#include <effv2/data/idx.hpp>

#include "fuzz.hpp"

// To the end, in pieces of several sizes; then as an IDX file.
void fuzz(Bytes bytes) {
  using namespace effv2;
  try {
    data::GzipSource source(std::make_unique<MemorySource>(bytes));
    std::array<std::uint8_t, 1000> piece;
    for (std::size_t size = 1, all = 0; all < 1 << 20; size = size * 7 % 1000 + 1) {
      const std::size_t count = source.read(std::span(piece).first(size));
      all += count;
      if (count < size) break;
    }
  } catch (const Error&) {
  }
  data::GzipSource source(std::make_unique<MemorySource>(bytes));
  data::read_idx<std::uint8_t>(source);
}
