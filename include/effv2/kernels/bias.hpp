// The gradient of a bias. (Forward passes add it in the product that they are.)
#pragma once

#include <algorithm>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/parallel.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "partial_sums.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

template <class T>
void add_row(T* sums, const T* row, std::int64_t count) {
  simd::for_each_vector<T>(count, [=](std::int64_t i, auto lanes) {
    lanes.store(sums + i, lanes.load(sums + i) + lanes.load(row + i));
  });
}

// sums[c] = the sum of the rows' numbers c.
template <class T>
void sum_of_rows(T* sums, const T* x, std::int64_t rows, std::int64_t channels) {
  constexpr std::int64_t width = simd::width<T>;
  std::fill_n(sums, channels, T{});
  std::int64_t row = 0;
  if (channels < width) {
    // A vector's width of narrow rows, side by side, fills whole vectors.
    const std::int64_t numbers = channels * width;
    T side_by_side[width * width] = {};
    for (; row + width <= rows; row += width) add_row(side_by_side, x + row * channels, numbers);
    for (std::int64_t i = 0; i < numbers; ++i) sums[i % channels] += side_by_side[i];
  }
  for (; row < rows; ++row) add_row(sums, x + row * channels, channels);
}

}  // namespace detail

/// db[c] += sum over rows of dy[row, c]. dy (..., C).
template <class T>
void bias_backward(View<T> db, View<const T> dy, const Execution& run) {
  const std::int64_t channels = db.size(), rows = dy.size() / channels;
  const std::int64_t grain = rows_per_slice(channels), slices = (rows + grain - 1) / grain;
  Tensor<T> partials = run.scratch<T>({slices, channels});
  T* sums = partials.data();
  parallel_for(slices, run.threads_for(dy.size()), [=](std::int64_t slice) {
    const std::int64_t begin = slice * grain;
    detail::sum_of_rows(sums + slice * channels, dy.data() + begin * channels,
                        std::min(grain, rows - begin), channels);
  });
  Tensor<double> total = run.scratch<double>({channels});
  add_partial_sums<double, T>({total, false}, partials, run);
  for (std::int64_t c = 0; c < channels; ++c) {
    db[c] = static_cast<T>(static_cast<double>(db[c]) + total[c]);
  }
}

}  // namespace effv2::inline EFFV2_ISA::kernels
