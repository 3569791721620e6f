// The second half of a sum over many rows: the rows are cut into slices that the shape decides,
// each slice has a sum of its own, and these are added in order. So the result does not depend on
// the threads.
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

/// sum[i] += (or =, where the sum starts here) the sum over slices s of partials[s, i].
template <class T>
void add_partial_sums(const Accumulator<T>& sum, View<const T> partials, const Execution& run) {
  const std::int64_t size = sum.values.size(), slices = partials.size() / size;
  assert(partials.size() == slices * size);
  constexpr std::int64_t grain = 4096;
  parallel_chunks(size, grain, run.threads_for(partials.size()),
                  [=](std::int64_t begin, std::int64_t end) {
                    T* total = sum.values.data();
                    if (!sum.adds) std::fill(total + begin, total + end, T{});
                    for (std::int64_t slice = 0; slice < slices; ++slice) {
                      const T* partial = partials.data() + slice * size;
                      for (std::int64_t i = begin; i < end; ++i) total[i] += partial[i];
                    }
                  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
