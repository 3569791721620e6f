// Pooling over NHWC pictures: global average, windowed average, windowed maximum.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "squeeze_excite.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// y[n, c] = 1 / P  sum over pixels p of x[n, p, c]. x (N, H, W, C) with P = H W, y (N, C).
template <class T>
void global_average_pool_forward(View<T> y, View<const T> x, const Execution& run) {
  squeeze_forward<T>(y, x, run);
}

/// dx[n, p, c] = dy[n, c] / P
template <class T>
void global_average_pool_backward(View<T> dx, View<const T> dy, const Execution& run) {
  const std::int64_t batch = dx.extent(0), channels = dx.extent(3);
  const std::int64_t pixels = dx.extent(1) * dx.extent(2);
  const simd::Vector<T> inverse(T{1} / static_cast<T>(pixels));
  parallel_for(batch, run.threads_for(dx.size()), [=](std::int64_t n) {
    T* target = dx.data() + n * pixels * channels;
    simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
      const simd::Vector<T> value = lanes.load(dy.data() + n * channels + c) * inverse;
      for (std::int64_t p = 0; p < pixels; ++p) lanes.store(target + p * channels + c, value);
    });
  });
}

namespace detail {

// The input pixels that a window covers: those of its taps that lie inside of the picture.
struct Covered {
  std::int64_t top, bottom, left, right;  // [top, bottom) x [left, right)
  std::int64_t in_width;

  std::int64_t size() const { return (bottom - top) * (right - left); }

  // Calls body(input pixel) for each, row by row.
  template <class Body>
  void for_each(Body&& body) const {
    for (std::int64_t y = top; y < bottom; ++y) {
      for (std::int64_t x = left; x < right; ++x) body(y * in_width + x);
    }
  }
};

// Calls body(output pixel, Covered) for all output pixels.
template <class Body>
void for_each_window(const Window& window, Body&& body) {
  std::int64_t pixel = 0;
  for (std::int64_t y = 0; y < window.out_height; ++y) {
    const std::int64_t top = y * window.stride - window.pad_top;
    for (std::int64_t x = 0; x < window.out_width; ++x, ++pixel) {
      const std::int64_t left = x * window.stride - window.pad_left;
      body(pixel, Covered{.top = std::max<std::int64_t>(top, 0),
                          .bottom = std::min(top + window.kernel, window.in_height),
                          .left = std::max<std::int64_t>(left, 0),
                          .right = std::min(left + window.kernel, window.in_width),
                          .in_width = window.in_width});
    }
  }
}

}  // namespace detail

/// y[n, p, c] = mean of x[n, q, c] over the pixels q that the window at p covers; padding does not
/// count (TensorFlow's rule; PyTorch's count_include_pad = False).
template <class T>
void average_pool_forward(View<T> y, View<const T> x, const Window& window, const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  parallel_for(batch, run.threads_for(x.size()), [=](std::int64_t n) {
    const T* source = x.data() + n * window.in_pixels() * channels;
    detail::for_each_window(window, [&](std::int64_t p, const detail::Covered& covered) {
      T* target = y.data() + (n * window.out_pixels() + p) * channels;
      const simd::Vector<T> inverse(T{1} / static_cast<T>(covered.size()));
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        simd::Vector<T> sum(T{});
        covered.for_each([&](std::int64_t q) { sum += lanes.load(source + q * channels + c); });
        lanes.store(target + c, sum * inverse);
      });
    });
  });
}

/// dx[n, q, c] = sum over the windows p that cover q of  dy[n, p, c] / (pixels covered by p)
template <class T>
void average_pool_backward(View<T> dx, View<const T> dy, const Window& window,
                           const Execution& run) {
  const std::int64_t batch = dx.extent(0), channels = dx.extent(3);
  parallel_for(batch, run.threads_for(dx.size()), [=](std::int64_t n) {
    T* target = dx.data() + n * window.in_pixels() * channels;
    std::fill_n(target, window.in_pixels() * channels, T{});
    detail::for_each_window(window, [&](std::int64_t p, const detail::Covered& covered) {
      const T* source = dy.data() + (n * window.out_pixels() + p) * channels;
      const simd::Vector<T> inverse(T{1} / static_cast<T>(covered.size()));
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        const simd::Vector<T> share = lanes.load(source + c) * inverse;
        covered.for_each([&](std::int64_t q) {
          T* at = target + q * channels + c;
          lanes.store(at, lanes.load(at) + share);
        });
      });
    });
  });
}

/// y[n, p, c] = max of x[n, q, c] over the pixels q that the window at p covers; winner[n, p, c]
/// says which of them that is, counted from 0 (the first of equals; NaN wins).
template <class T>
void max_pool_forward(View<T> y, View<T> winner, View<const T> x, const Window& window,
                      const Execution& run) {
  using V = simd::Vector<T>;
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  parallel_for(batch, run.threads_for(x.size()), [=](std::int64_t n) {
    const T* source = x.data() + n * window.in_pixels() * channels;
    detail::for_each_window(window, [&](std::int64_t p, const detail::Covered& covered) {
      const std::int64_t row = (n * window.out_pixels() + p) * channels;
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        V best(-std::numeric_limits<T>::infinity()), from(T{}), number(T{});
        covered.for_each([&](std::int64_t q) {
          const V value = lanes.load(source + q * channels + c);
          const auto stays = value <= best || !(best == best);
          best = select(stays, best, value);
          from = select(stays, from, number);
          number += V(T{1});
        });
        lanes.store(y.data() + row + c, best);
        lanes.store(winner.data() + row + c, from);
      });
    });
  });
}

/// dx[n, q, c] = sum over the windows p whose maximum is at q of  dy[n, p, c]
template <class T>
void max_pool_backward(View<T> dx, View<const T> dy, View<const T> winner, const Window& window,
                       const Execution& run) {
  using V = simd::Vector<T>;
  const std::int64_t batch = dx.extent(0), channels = dx.extent(3);
  parallel_for(batch, run.threads_for(dx.size()), [=](std::int64_t n) {
    T* target = dx.data() + n * window.in_pixels() * channels;
    std::fill_n(target, window.in_pixels() * channels, T{});
    detail::for_each_window(window, [&](std::int64_t p, const detail::Covered& covered) {
      const std::int64_t row = (n * window.out_pixels() + p) * channels;
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        const V from = lanes.load(winner.data() + row + c), share = lanes.load(dy.data() + row + c);
        V number(T{});
        covered.for_each([&](std::int64_t q) {
          T* at = target + q * channels + c;
          lanes.store(at, lanes.load(at) + select(from == number, share, V(T{})));
          number += V(T{1});
        });
      });
    });
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
