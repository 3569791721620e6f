// Convolution the textbook way: write the columns, multiply, and add them back.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "gemm.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// columns[(n, p), (t, c)] = x[n, source(p, t), c], zero in the padding.
/// columns (N OH OW, k k C), x (N, H, W, C).
template <class T>
void im2col(View<T> columns, View<const T> x, const Window& window, const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  parallel_for(batch * window.out_pixels(), run.threads_for(columns.size()), [&](std::int64_t row) {
    const std::int64_t image = row / window.out_pixels(), pixel = row % window.out_pixels();
    for (std::int64_t tap = 0; tap < window.taps(); ++tap) {
      T* target = columns.data() + (row * window.taps() + tap) * channels;
      const std::int64_t source = window.source(pixel, tap);
      if (source < 0) {
        std::fill_n(target, channels, T{});
      } else {
        std::copy_n(x.data() + (image * window.in_pixels() + source) * channels, channels, target);
      }
    }
  });
}

/// The adjoint: dx[n, q, c] = sum over (p, t) with source(p, t) = q of dcolumns[(n, p), (t, c)].
template <class T>
void col2im(View<T> dx, View<const T> dcolumns, const Window& window, const Execution& run) {
  const std::int64_t batch = dx.extent(0), channels = dx.extent(3);
  parallel_for(batch, run.threads_for(dcolumns.size()), [&](std::int64_t image) {
    T* target = dx.data() + image * window.in_pixels() * channels;
    std::fill_n(target, window.in_pixels() * channels, T{});
    for (std::int64_t pixel = 0; pixel < window.out_pixels(); ++pixel) {
      const std::int64_t row = image * window.out_pixels() + pixel;
      for (std::int64_t tap = 0; tap < window.taps(); ++tap) {
        const std::int64_t source = window.source(pixel, tap);
        if (source < 0) continue;
        const T* column = dcolumns.data() + (row * window.taps() + tap) * channels;
        for (std::int64_t c = 0; c < channels; ++c) target[source * channels + c] += column[c];
      }
    }
  });
}

namespace detail {
template <class T>
Tensor<T> written_columns(View<const T> x, const Window& window, const Execution& run) {
  Tensor<T> columns =
      run.scratch<T>({x.extent(0) * window.out_pixels(), window.taps() * x.extent(3)});
  im2col<T>(columns, x, window, run);
  return columns;
}
}  // namespace detail

/// y = im2col(x) w. y (N, OH, OW, O), x (N, H, W, I), w (k, k, I, O).
template <class T>
void im2col_conv2d_forward(View<T> y, View<const T> x, View<const T> w, const Window& window,
                           const Execution& run) {
  const Tensor<T> columns = detail::written_columns(x, window, run);
  const std::int64_t out = w.extent(3);
  gemm<T>({y.data(), {columns.extent(0), out}}, columns, {w.data(), {columns.extent(1), out}});
}

/// dx = col2im(dy w^T)
template <class T>
void im2col_conv2d_backward_data(View<T> dx, View<const T> dy, View<const T> w,
                                 const Window& window, const Execution& run) {
  const std::int64_t rows = dy.extent(0) * window.out_pixels(), out = w.extent(3);
  Tensor<T> dcolumns = run.scratch<T>({rows, window.taps() * w.extent(2)});
  gemm_nt<T>(dcolumns, {dy.data(), {rows, out}}, {w.data(), {dcolumns.extent(1), out}});
  col2im<T>(dx, dcolumns, window, run);
}

/// dw += im2col(x)^T dy
template <class T>
void im2col_conv2d_backward_weights(View<T> dw, View<const T> dy, View<const T> x,
                                    const Window& window, const Execution& run) {
  const Tensor<T> columns = detail::written_columns(x, window, run);
  const std::int64_t out = dw.extent(3);
  gemm_tn_accumulate<T>({dw.data(), {columns.extent(1), out}}, columns,
                        {dy.data(), {columns.extent(0), out}});
}

}  // namespace effv2::inline EFFV2_ISA::kernels
