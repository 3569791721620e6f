// Batch normalisation fused with the activation that follows it (Ioffe & Szegedy, 2015).
//
//   x^ = (x - mean) / sqrt(variance + epsilon)      y = f(u),  u = gamma x^ + beta
//
// Statistics are over all rows of x (..., C), per channel. What the elementwise passes need is
// u = scale x + shift with scale = gamma / sqrt(variance + epsilon), shift = beta - mean scale.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "activation.hpp"
#include "blend.hpp"
#include "epilogue.hpp"
#include "partial_sums.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// For every channel the sums over all rows of two quantities: terms_of(row) is a function (c,
// lanes, first, second) that adds both. Sums of a chunk are kept in T, the chunks are added in
// double and in order.
template <class T, class Terms>
void sum_rows(Tensor<double>& sums, std::int64_t rows, std::int64_t channels, const Execution& run,
              Terms&& terms_of) {
  using V = simd::Vector<T>;
  const std::int64_t grain = rows_per_slice(channels), chunks = (rows + grain - 1) / grain;
  Tensor<T> partials = run.scratch<T>({chunks, 2, channels});
  T* all = partials.data();
  parallel_for(chunks, run.threads_for(rows * channels), [=](std::int64_t chunk) {
    const std::int64_t begin = chunk * grain, end = std::min(rows, begin + grain);
    T* first = all + chunk * 2 * channels;
    T* second = first + channels;
    std::fill(first, first + 2 * channels, T{});
    // Along the rows, as they lie in memory; the sums stay in the first-level cache. Two rows at a
    // time: half as many loads and stores of the sums.
    const auto add_rows = [&](std::int64_t row, auto count) {
      const auto add_terms = terms_of(row), add_next_terms = terms_of(row + count() - 1);
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        V a(T{}), b(T{});
        add_terms(c, lanes, a, b);
        if constexpr (count() == 2) add_next_terms(c, lanes, a, b);
        lanes.store(first + c, lanes.load(first + c) + a);
        lanes.store(second + c, lanes.load(second + c) + b);
      });
    };
    std::int64_t row = begin;
    for (; row + 1 < end; row += 2) add_rows(row, std::integral_constant<int, 2>{});
    if (row < end) add_rows(row, std::integral_constant<int, 1>{});
  });
  add_partial_sums<double, T>({sums, false}, partials, run);
}

// body(begin, end) over rows, in parallel.
template <class Body>
void for_each_rows(std::int64_t rows, std::int64_t channels, const Execution& run, Body&& body) {
  parallel_chunks(rows, std::max<std::int64_t>(1, rows_per_slice(channels) / 4),
                  run.threads_for(rows * channels), std::forward<Body>(body));
}

}  // namespace detail

/// mean (C) and biased variance (C) of x (..., C).
template <class T>
void batch_norm_statistics(View<T> mean, View<T> variance, View<const T> x, const Execution& run) {
  using V = simd::Vector<T>;
  const std::int64_t channels = mean.size(), rows = x.size() / channels;
  // Sums of x - x0 and (x - x0)^2 with x0 the first row: no cancellation when |mean| >> deviation,
  // unless the first row is far from all others. (A convolution's sums, below, have a row of their
  // own for every block.)
  Tensor<double> sums = run.scratch<double>({2, channels});
  detail::sum_rows<T>(sums, rows, channels, run, [=](std::int64_t row) {
    return [=, values = x.data() + row * channels](std::int64_t c, auto lanes, V& sum, V& square) {
      const V d = lanes.stream(values + c) - lanes.load(x.data() + c);
      sum += d;
      square = simd::fma<T>(d, d, square);
    };
  });
  const double count = static_cast<double>(rows);
  for (std::int64_t c = 0; c < channels; ++c) {
    const double shifted = sums[c] / count;
    mean[c] = static_cast<T>(static_cast<double>(x[c]) + shifted);
    variance[c] = static_cast<T>(std::max(0.0, sums[channels + c] / count - shifted * shifted));
  }
}

/// The same from sums that the convolution took while it wrote x. Block b has n_b rows, a value s_b
/// near them, and the sums a_b of x - s_b and q_b of (x - s_b)^2; with d_b = s_b - mean
///
///   mean = sum (n_b s_b + a_b) / n        variance = sum (q_b + d_b (2 a_b + n_b d_b)) / n
template <class T>
void batch_norm_statistics(View<T> mean, View<T> variance, const ChannelSums<T>& sums,
                           const Execution& run) {
  const std::int64_t channels = mean.size(), blocks = sums.rows.size();
  const T *rows = sums.rows.data(), *values = sums.values.data();
  Tensor<double> scratch = run.scratch<double>({2, channels});
  double* first = scratch.data();
  double* second = first + channels;
  parallel_chunks(channels, 128, run.threads_for(8 * blocks * channels),
                  [=](std::int64_t begin, std::int64_t end) {
                    std::fill(first + begin, first + end, 0.0);
                    std::fill(second + begin, second + end, 0.0);
                    double total = 0.0;
                    for (std::int64_t b = 0; b < blocks; ++b) {
                      const T *shift = values + b * 3 * channels, *sum = shift + channels;
                      const auto n = static_cast<double>(rows[b]);
                      for (std::int64_t c = begin; c < end; ++c) {
                        first[c] += n * static_cast<double>(shift[c]) + static_cast<double>(sum[c]);
                      }
                      total += n;
                    }
                    for (std::int64_t c = begin; c < end; ++c) first[c] /= total;
                    for (std::int64_t b = 0; b < blocks; ++b) {
                      const T *shift = values + b * 3 * channels, *sum = shift + channels;
                      const T* square = sum + channels;
                      const auto n = static_cast<double>(rows[b]);
                      for (std::int64_t c = begin; c < end; ++c) {
                        const double d = static_cast<double>(shift[c]) - first[c];
                        second[c] += static_cast<double>(square[c]) +
                                     d * (2.0 * static_cast<double>(sum[c]) + n * d);
                      }
                    }
                    for (std::int64_t c = begin; c < end; ++c) {
                      mean[c] = static_cast<T>(first[c]);
                      variance[c] = static_cast<T>(std::max(0.0, second[c] / total));
                    }
                  });
}

/// running = (1 - momentum) running + momentum batch; the variance made unbiased by n / (n - 1).
/// With momentum 1 it does not matter what was there before, not even that it was no number.
template <class T>
void batch_norm_update_running(View<T> running_mean, View<T> running_variance, View<const T> mean,
                               View<const T> variance, std::int64_t rows, double momentum) {
  const double unbias = static_cast<double>(rows) / static_cast<double>(rows - 1);
  for (std::int64_t c = 0; c < mean.size(); ++c) {
    const double m = static_cast<double>(mean[c]);
    const double v = static_cast<double>(variance[c]) * unbias;
    const double m0 = momentum == 1.0 ? m : static_cast<double>(running_mean[c]);
    const double v0 = momentum == 1.0 ? v : static_cast<double>(running_variance[c]);
    running_mean[c] = static_cast<T>(m0 + momentum * (m - m0));
    running_variance[c] = static_cast<T>(v0 + momentum * (v - v0));
  }
}

/// scale = gamma / sqrt(variance + epsilon), shift = beta - mean scale. All (C).
template <class T>
void batch_norm_coefficients(View<T> scale, View<T> shift, View<const T> gamma, View<const T> beta,
                             View<const T> mean, View<const T> variance, double epsilon) {
  for (std::int64_t c = 0; c < scale.size(); ++c) {
    const double s =
        static_cast<double>(gamma[c]) / std::sqrt(static_cast<double>(variance[c]) + epsilon);
    scale[c] = static_cast<T>(s);
    shift[c] = static_cast<T>(static_cast<double>(beta[c]) - static_cast<double>(mean[c]) * s);
  }
}

/// f(scale x + shift) per channel (C): what is left of batch norm once its statistics are known.
template <class T>
struct Normalization {
  View<const T> scale, shift;
  ActivationKind activation = ActivationKind::identity;
};

/// y = f(scale x + shift) factor + summand, x and y (..., C); y may be x, and the blend's summand.
template <class T>
void batch_norm_forward(View<T> y, View<const T> x, const Normalization<T>& normalization,
                        const Execution& run, const Blend<T>& blend = {}) {
  const View<const T> scale = normalization.scale, shift = normalization.shift;
  const std::int64_t channels = scale.size(), rows = x.size() / channels;
  assert(y.size() == x.size() && shift.size() == channels && x.size() == rows * channels);
  const detail::BlendRows<T> prepared(blend, rows, channels, run);
  const auto factors = prepared.factor, summands = prepared.summand;
  with_activation(normalization.activation, [&](auto f) {
    detail::for_each_rows(rows, channels, run, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* source = x.data() + row * channels;
        const T *factor = factors.row(row), *summand = summands.row(row);
        T* target = y.data() + row * channels;
        simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
          const auto u = simd::fma<T>(lanes.load(scale.data() + c), lanes.stream(source + c),
                                      lanes.load(shift.data() + c));
          lanes.store(target + c, simd::fma<T>(f.template value<T>(u), lanes.load(factor + c),
                                               lanes.load(summand + c)));
        });
      }
    });
  });
}

/// Whether the statistics were those of the batch (and so depend on x) or fixed.
enum class Statistics { batch, fixed };

namespace detail {

// du = (dy factor + summand) f'(u), u = scale x + shift: at(row) is a function (c, lanes, x) for
// the row's channels from c on. Of pointers: a view's shape would be copied for every row.
template <class T, class F>
struct PreactivationGradient {
  using V = simd::Vector<T>;

  F f;
  const T *scale, *shift, *dy;
  std::int64_t channels;
  RepeatedRows<T> factors, summands;

  auto at(std::int64_t row) const {
    return [f = f, scale = scale, shift = shift, gradient = dy + row * channels,
            factor = factors.row(row),
            summand = summands.row(row)](std::int64_t c, auto lanes, const V& x) {
      const V u = simd::fma<T>(lanes.load(scale + c), x, lanes.load(shift + c));
      const V blended =
          simd::fma<T>(lanes.stream(gradient + c), lanes.load(factor + c), lanes.load(summand + c));
      return blended * f.template derivative<T>(u);
    };
  }
};

// sums = { sum du, sum du (x - mean) }
template <class T, class Du>
void sum_gradients(Tensor<double>& sums, const Du& du, const T* x, const T* mean, std::int64_t rows,
                   const Execution& run) {
  using V = simd::Vector<T>;
  sum_rows<T>(sums, rows, du.channels, run, [=](std::int64_t row) {
    return [mean, values = x + row * du.channels, du_at = du.at(row)](std::int64_t c, auto lanes,
                                                                      V& sum, V& product) {
      const V value = lanes.stream(values + c);
      const V gradient = du_at(c, lanes, value);
      sum += gradient;
      product = simd::fma<T>(gradient, value - lanes.load(mean + c), product);
    };
  });
}

// dx = du scale + x slope + offset
template <class T, class Du>
void write_dx(T* dx, const Du& du, const T* x, const T* slope, const T* offset, std::int64_t rows,
              const Execution& run) {
  using V = simd::Vector<T>;
  for_each_rows(rows, du.channels, run, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto du_at = du.at(row);
      const T* values = x + row * du.channels;
      T* target = dx + row * du.channels;
      simd::for_each_vector<T>(du.channels, [&](std::int64_t c, auto lanes) {
        const V value = lanes.stream(values + c);
        const V rest = simd::fma<T>(value, lanes.load(slope + c), lanes.load(offset + c));
        lanes.store(target + c,
                    simd::fma<T>(du_at(c, lanes, value), lanes.load(du.scale + c), rest));
      });
    }
  });
}

}  // namespace detail

/// The gradients of y = f(u), u = gamma x^ + beta over M rows, with du = dy f'(u):
///
///   dbeta += sum du        dgamma += sum du x^
///   dx = gamma / sqrt(variance + epsilon) (du - (sum du + x^ sum du x^) / M)    batch statistics
///   dx = gamma / sqrt(variance + epsilon) du                                    fixed statistics
///
/// Two passes over dy and x; f'(u) is computed again in the second, which is cheaper than a write
/// and a read of du. dx may be dy. dgamma and dbeta may be empty (a frozen layer). With a blend, dy
/// factor + summand stands wherever dy does.
template <class T>
void batch_norm_backward(View<T> dx, View<T> dgamma, View<T> dbeta, View<const T> dy,
                         View<const T> x, const Normalization<T>& normalization, View<const T> mean,
                         View<const T> variance, double epsilon, Statistics statistics,
                         const Execution& run, const Blend<T>& blend = {}) {
  const View<const T> scale = normalization.scale, shift = normalization.shift;
  const std::int64_t channels = scale.size(), rows = x.size() / channels;
  assert(dx.size() == x.size() && dy.size() == x.size() && x.size() == rows * channels);
  const detail::BlendRows<T> prepared(blend, rows, channels, run);
  Tensor<double> sums = run.scratch<double>({2, channels});
  Tensor<T> slope = run.scratch<T>({channels}), offset = run.scratch<T>({channels});
  with_activation(normalization.activation, [&](auto f) {
    const detail::PreactivationGradient<T, decltype(f)> du{
        f, scale.data(), shift.data(), dy.data(), channels, prepared.factor, prepared.summand};
    detail::sum_gradients<T>(sums, du, x.data(), mean.data(), rows, run);
    for (std::int64_t c = 0; c < channels; ++c) {
      const double inverse = 1.0 / std::sqrt(static_cast<double>(variance[c]) + epsilon);
      const double sum = sums[c], product = sums[channels + c] * inverse;
      if (!dbeta.empty()) dbeta[c] += static_cast<T>(sum);
      if (!dgamma.empty()) dgamma[c] += static_cast<T>(product);
      // -scale (sum + x^ product) / M  with  x^ = (x - mean) inverse
      const double s = -static_cast<double>(scale[c]) / static_cast<double>(rows);
      slope[c] = static_cast<T>(s * product * inverse);
      offset[c] = static_cast<T>(s * (sum - static_cast<double>(mean[c]) * product * inverse));
      if (statistics == Statistics::fixed) slope[c] = offset[c] = T{};
    }
    detail::write_dx<T>(dx.data(), du, x.data(), slope.data(), offset.data(), rows, run);
  });
}

/// Folds an inference batch norm into the convolution before it: w'[..., o] = w[..., o] scale[o].
/// The convolution's bias becomes shift.
template <class T>
void batch_norm_fold(View<T> folded, View<const T> weights, View<const T> scale) {
  const std::int64_t channels = scale.size(), rows = weights.size() / channels;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t c = 0; c < channels; ++c) {
      folded[row * channels + c] = weights[row * channels + c] * scale[c];
    }
  }
}

}  // namespace effv2::inline EFFV2_ISA::kernels
