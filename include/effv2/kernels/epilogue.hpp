// What a product does with a block of its results while they are in the first-level cache.
#pragma once

#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "activation.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// Per block of rows and channel: the first row's value s, the sums of x - s and of (x - s)^2, from
/// which batch norm's statistics follow without another pass over x. The blocks depend on shapes
/// only.
template <class T>
struct ChannelSums {
  Tensor<T> rows;    // (blocks): rows of each
  Tensor<T> values;  // (blocks, 3, channels): s and the two sums

  bool empty() const { return rows.empty(); }

  void prepare(std::int64_t blocks, std::int64_t channels, const Execution& run) {
    rows = run.scratch<T>({blocks});
    values = run.scratch<T>({blocks, 3, channels});
  }

  /// Notes columns [first, last) of a block's rows from `row` on, after those before. Different
  /// columns of one block may be noted at once.
  void note(std::int64_t block, std::int64_t row, const T* const* x, std::int64_t count,
            std::int64_t first, std::int64_t last) {
    using V = simd::Vector<T>;
    const std::int64_t channels = values.extent(2);
    T* shifts = values.data() + block * 3 * channels;
    T *sums = shifts + channels, *squares = sums + channels;
    if (first == 0) rows[block] = static_cast<T>(row + count);
    simd::for_each_vector<T>(last - first, [&](std::int64_t i, auto lanes) {
      const std::int64_t c = first + i;
      if (row == 0) {
        lanes.store(shifts + c, lanes.load(x[0] + c));
        lanes.store(sums + c, V(T{})), lanes.store(squares + c, V(T{}));
      }
      const V shift = lanes.load(shifts + c);
      V sum = lanes.load(sums + c), square = lanes.load(squares + c);
      for (std::int64_t r = 0; r < count; ++r) {
        const V d = lanes.load(x[r] + c) - shift;
        sum += d;
        square = simd::fma<T>(d, d, square);
      }
      lanes.store(sums + c, sum), lanes.store(squares + c, square);
    });
  }
};

/// By default nothing.
template <class T>
struct Epilogue {
  ActivationKind activation = ActivationKind::identity;  // applied to the results in place
  ChannelSums<T>* sums = nullptr;                        // taken of the results
  View<const T> summand = {};                            // added to the results, as large as they
};

namespace detail {

// Columns [first, last) of rows[0 ... count), which point into `out` and are a block's rows from
// `row` on. Called tile by tile, while the results are in the first-level cache: a whole block need
// not fit, where its rows are 1536 numbers long and so share few of the cache's sets. Not inlined:
// every kernel would be compiled with a copy of every activation.
template <class T>
[[gnu::noinline]] void finish_rows(const Epilogue<T>& epilogue, std::int64_t block,
                                   std::int64_t row, const T* out, T* const* rows,
                                   std::int64_t count, std::int64_t first, std::int64_t last) {
  // Down the rows, so that an activation's constants are loaded once.
  if (epilogue.activation != ActivationKind::identity) {
    with_activation(epilogue.activation, [&](auto f) {
      simd::for_each_vector<T>(last - first, [&](std::int64_t i, auto lanes) {
        for (std::int64_t r = 0; r < count; ++r) {
          T* x = rows[r] + first + i;
          lanes.store(x, f.template value<T>(lanes.load(x)));
        }
      });
    });
  }
  if (!epilogue.summand.empty()) {
    for (std::int64_t r = 0; r < count; ++r) {
      T* x = rows[r] + first;
      const T* summand = epilogue.summand.data() + (x - out);
      simd::for_each_vector<T>(last - first, [&](std::int64_t i, auto lanes) {
        lanes.store(x + i, lanes.load(x + i) + lanes.stream(summand + i));
      });
    }
  }
  if (epilogue.sums != nullptr) epilogue.sums->note(block, row, rows, count, first, last);
}

}  // namespace detail

}  // namespace effv2::inline EFFV2_ISA::kernels
