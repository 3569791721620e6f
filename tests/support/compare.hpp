// How far two tensors are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <effv2/core/tensor.hpp>
#include <limits>

namespace effv2::testing {

/// The largest |a - b|; infinite if the sizes differ or a number is NaN.
template <class A, class B>
double largest_difference(const A& a, const B& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double worst = 0.0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference <= worst)) worst = std::isnan(difference) ? INFINITY : difference;
  }
  return worst;
}

/// The largest |a|; infinite if a number is NaN.
template <class A>
double largest(const A& a) {
  double most = 0.0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double size = std::abs(static_cast<double>(a[i]));
    if (!(size <= most)) most = std::isnan(size) ? INFINITY : size;
  }
  return most;
}

/// largest_difference as a fraction of the largest |b|.
template <class A, class B>
double relative_difference(const A& a, const B& b) {
  return largest_difference(a, b) / std::max(1e-300, largest(b));
}

}  // namespace effv2::testing
