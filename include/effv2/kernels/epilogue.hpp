// What a product does with a block of its results while they are in the first-level cache.
#pragma once

#include <algorithm>
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

  /// Notes columns [first, last) of a block. Different columns of one block may be noted at once.
  void note(std::int64_t block, const T* const* x, std::int64_t count, std::int64_t first,
            std::int64_t last) {
    using V = simd::Vector<T>;
    const std::int64_t channels = values.extent(2);
    T* shifts = values.data() + block * 3 * channels;
    if (first == 0) rows[block] = static_cast<T>(count);
    simd::for_each_vector<T>(last - first, [&](std::int64_t i, auto lanes) {
      const std::int64_t c = first + i;
      const V shift = lanes.load(x[0] + c);
      V sum(T{}), square(T{});
      for (std::int64_t row = 1; row < count; ++row) {
        const V d = lanes.load(x[row] + c) - shift;
        sum += d;
        square = simd::fma<T>(d, d, square);
      }
      lanes.store(shifts + c, shift);
      lanes.store(shifts + channels + c, sum);
      lanes.store(shifts + 2 * channels + c, square);
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

// Columns [first, last) of rows[0 ... count), which point into `out`. Not inlined: every kernel
// would be compiled with a copy of every activation.
template <class T>
[[gnu::noinline]] void finish_block(const Epilogue<T>& epilogue, std::int64_t block, const T* out,
                                    T* const* rows, std::int64_t count, std::int64_t first,
                                    std::int64_t last) {
  if (epilogue.activation != ActivationKind::identity) {
    with_activation(epilogue.activation, [&](auto f) {
      for (std::int64_t row = 0; row < count; ++row) {
        T* x = rows[row] + first;
        simd::for_each_vector<T>(last - first, [&](std::int64_t i, auto lanes) {
          lanes.store(x + i, f.template value<T>(lanes.load(x + i)));
        });
      }
    });
  }
  if (!epilogue.summand.empty()) {
    for (std::int64_t row = 0; row < count; ++row) {
      T* x = rows[row] + first;
      const T* summand = epilogue.summand.data() + (x - out);
      simd::for_each_vector<T>(last - first, [&](std::int64_t i, auto lanes) {
        lanes.store(x + i, lanes.load(x + i) + lanes.stream(summand + i));
      });
    }
  }
  if (epilogue.sums != nullptr) epilogue.sums->note(block, rows, count, first, last);
}

}  // namespace detail

}  // namespace effv2::inline EFFV2_ISA::kernels
