// What a pass over a batch norm does besides: a factor and a summand that the block around it wants
// applied anyway, while the numbers are in registers.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// value -> value * factor + summand, over pictures (N, H, W, C) or rows (N, C). Each is (N, C),
/// and then meets every pixel of its image, or as large as the value; empty they are 1 and 0. So
///
///   y = f(bn(x)) gate                 excitation: factor = gate (N, C)
///   y = bn(x) drop + shortcut         a residual branch: summand = shortcut (N, H, W, C)
///   dy gate + dmean / P               the way back through squeeze and excitation
template <class T>
struct Blend {
  View<const T> factor = {}, summand = {};
};

namespace detail {

// The rows of a tensor each of which serves `repeat` consecutive rows of another.
template <class T>
struct RepeatedRows {
  const T* data;
  std::int64_t repeat, stride;

  const T* row(std::int64_t index) const { return data + index / repeat * stride; }
};

// A blend made ready for rows of `channels` numbers: what is absent reads a row of ones or zeros,
// which never leaves the first-level cache.
template <class T>
class BlendRows {
 public:
  BlendRows(const Blend<T>& blend, std::int64_t rows, std::int64_t channels, const Execution& run)
      : neutral_(run.scratch<T>({2, channels})) {
    std::fill_n(neutral_.data(), channels, T{1});
    std::fill_n(neutral_.data() + channels, channels, T{});
    factor = repeated(blend.factor, neutral_.data(), rows, channels);
    summand = repeated(blend.summand, neutral_.data() + channels, rows, channels);
  }

  RepeatedRows<T> factor, summand;

 private:
  static RepeatedRows<T> repeated(View<const T> tensor, const T* neutral, std::int64_t rows,
                                  std::int64_t channels) {
    if (tensor.empty()) return {neutral, std::max<std::int64_t>(1, rows), 0};
    const std::int64_t count = tensor.size() / channels;
    assert(count > 0 && rows % count == 0 && tensor.size() == count * channels);
    return {tensor.data(), rows / count, channels};
  }

  Tensor<T> neutral_;
};

}  // namespace detail

}  // namespace effv2::inline EFFV2_ISA::kernels
