// Sums over many rows: the rows are cut into slices that the shape decides, each slice has a sum of
// its own, and these are added in order. So the result does not depend on the threads.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "../core/accumulator.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/parallel.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// Rows of a slice of (..., channels) that is summed in one pass: about 128 KiB of floats.
inline std::int64_t rows_per_slice(std::int64_t channels) {
  constexpr std::int64_t numbers = 32768;
  return std::max<std::int64_t>(1, numbers / channels);
}

/// Slices for a sum whose result is cut into `parts`, over `blocks` of rows: some tasks in all, and
/// a slice worth its buffer, of which `most` are to be had. Never by the threads.
inline std::int64_t slice_count(std::int64_t parts, std::int64_t blocks, std::int64_t most) {
  constexpr std::int64_t wanted_tasks = 16;
  return std::clamp<std::int64_t>(std::min({(wanted_tasks + parts - 1) / parts, blocks / 2, most}),
                                  1, wanted_tasks);
}

/// sum[i] += the sum over slices s of partials[s, i], added in the numbers of the sum: Sum may be
/// wider than T.
template <class Sum, class T>
void add_partial_sums(const Accumulator<Sum>& sum, View<const T> partials, const Execution& run) {
  const std::int64_t size = sum.values.size(), slices = partials.size() / size;
  assert(partials.size() == slices * size);
  // Where numbers are few, slices are many.
  const std::int64_t grain = std::clamp<std::int64_t>(size / 16, 256, 4096);
  parallel_chunks(size, grain, run.threads_for(partials.size()),
                  [=](std::int64_t begin, std::int64_t end) {
                    Sum* total = sum.values.data();
                    if (!sum.adds) std::fill(total + begin, total + end, Sum{});
                    for (std::int64_t slice = 0; slice < slices; ++slice) {
                      const T* partial = partials.data() + slice * size;
                      for (std::int64_t i = begin; i < end; ++i) {
                        total[i] += static_cast<Sum>(partial[i]);
                      }
                    }
                  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
