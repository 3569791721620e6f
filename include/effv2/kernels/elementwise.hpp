// Sums and products, element by element, and the sum of squares.
#pragma once

#include <cassert>
#include <cstdint>
#include <iterator>
#include <numeric>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// y[i] = value_at(i, lanes) for every i, a vector at a time and in parallel.
template <class T, class Value>
void elementwise(View<T> y, const Execution& run, Value&& value_at) {
  constexpr std::int64_t grain = 8192;
  parallel_chunks(y.size(), grain, run.threads_for(y.size()),
                  [=](std::int64_t begin, std::int64_t end) {
                    simd::for_each_vector<T>(end - begin, [&](std::int64_t i, auto lanes) {
                      lanes.store(y.data() + begin + i, value_at(begin + i, lanes));
                    });
                  });
}

/// y[i] = a[i] + b[i]; y may be either.
template <class T>
void add(View<T> y, View<const T> a, View<const T> b, const Execution& run) {
  assert(a.size() == y.size() && b.size() == y.size());
  elementwise<T>(y, run, [=](std::int64_t i, auto lanes) {
    return lanes.stream(a.data() + i) + lanes.stream(b.data() + i);
  });
}

/// y[i] = a[i] b[i]; y may be either.
template <class T>
void multiply(View<T> y, View<const T> a, View<const T> b, const Execution& run) {
  assert(a.size() == y.size() && b.size() == y.size());
  elementwise<T>(y, run, [=](std::int64_t i, auto lanes) {
    return lanes.stream(a.data() + i) * lanes.stream(b.data() + i);
  });
}

/// y[i] = x[i] factor; y may be x.
template <class T>
void scale(View<T> y, View<const T> x, T factor, const Execution& run) {
  assert(x.size() == y.size());
  elementwise<T>(y, run, [=, f = simd::Vector<T>(factor)](std::int64_t i, auto lanes) {
    return lanes.stream(x.data() + i) * f;
  });
}

/// y[n, i] = x[n, i] scale[n]: DropPath, forward and backward. y may be x.
template <class T>
void scale_samples(View<T> y, View<const T> x, View<const T> scale, const Execution& run) {
  assert(x.size() == y.size() && scale.size() > 0 && x.size() % scale.size() == 0);
  const std::int64_t batch = scale.size(), numbers = x.size() / batch;
  parallel_for(batch, run.threads_for(x.size()), [=](std::int64_t n) {
    const simd::Vector<T> factor(scale[n]);
    simd::for_each_vector<T>(numbers, [&](std::int64_t i, auto lanes) {
      const std::int64_t at = n * numbers + i;
      lanes.store(y.data() + at, lanes.stream(x.data() + at) * factor);
    });
  });
}

/// In double, where no square of a float is too large or too small; eight sums, so that an addition
/// need not wait for the last one.
template <class T>
double sum_of_squares(View<const T> values) {
  double sums[8] = {};
  for (std::int64_t i = 0; i < values.size(); ++i) {
    sums[i % 8] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  return std::accumulate(std::begin(sums), std::end(sums), 0.0);
}

}  // namespace effv2::inline EFFV2_ISA::kernels
