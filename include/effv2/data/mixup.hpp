// Mixup (Zhang et al., 2017): images mixed in pairs, and their labels with them.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// A number of the distribution Beta(alpha, alpha), alpha in (0, 1] (Jöhnk's method): with u and v
/// uniform, u^(1/alpha) / (u^(1/alpha) + v^(1/alpha)) wherever the denominator is at most 1. Uses
/// elements from `first` on of a sample.
inline double symmetric_beta(double alpha, const RandomStream& random, std::uint32_t sample,
                             std::uint32_t first) {
  assert(alpha > 0.0 && alpha <= 1.0);
  constexpr int tries = 64;  // each succeeds with a probability of at least 1/2
  for (int i = 0; i < tries; ++i) {
    // In logarithms: for small alpha the powers underflow.
    const PhiloxCounter bits = random.bits(sample, first + static_cast<std::uint32_t>(i));
    const auto log_power = [&](std::uint32_t number) {
      return std::log((number + 0.5) * 0x1p-32) / alpha;
    };
    const double x = log_power(bits[0]), y = log_power(bits[1]);
    const double larger = std::max(x, y);
    const double log_sum = larger + std::log(std::exp(x - larger) + std::exp(y - larger));
    if (log_sum <= 0.0) return std::exp(x - log_sum);
  }
  return 0.5;
}

/// x[n] = w[n] x[n] + (1 - w[n]) x[N - 1 - n] for rows x (N, ...): each image meets the one that is
/// as far from the batch's end as it is from the beginning. The same mixes the targets.
template <class T>
void mix_rows(View<T> rows, std::span<const float> weights) {
  const auto count = static_cast<std::int64_t>(weights.size());
  EFFV2_CHECK(rows.shape().rank() > 0 && rows.extent(0) == count, ErrorCode::shape_mismatch,
              "[mixup] expected a weight for each row of ", rows.shape(), ", got ", count);
  if (count == 0) return;
  const std::int64_t numbers = rows.size() / count;
  for (std::int64_t n = 0; n <= count - 1 - n; ++n) {
    const auto a = static_cast<T>(weights[static_cast<std::size_t>(n)]);
    const auto b = static_cast<T>(weights[static_cast<std::size_t>(count - 1 - n)]);
    T* x = rows.data() + n * numbers;
    T* y = rows.data() + (count - 1 - n) * numbers;
    for (std::int64_t i = 0; i < numbers; ++i) {
      const T first = x[i], second = y[i];
      x[i] = a * first + (T{1} - a) * second;
      y[i] = b * second + (T{1} - b) * first;
    }
  }
}

}  // namespace effv2::inline EFFV2_ISA::data
