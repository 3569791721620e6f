// Convolution over NHWC pictures with HWIO weights, forward and both gradients: by indirect
// products, by written columns where channels are few, or by Winograd's products where they need
// fewer multiplications.
#pragma once

#include <cstdint>

#include "../core/accumulator.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "columns.hpp"
#include "epilogue.hpp"
#include "indirect_gemm.hpp"
#include "indirect_outer.hpp"
#include "packed_matrix.hpp"
#include "window.hpp"
#include "winograd.hpp"
#include "winograd_outer.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// A 1 x 1 window has its columns already.
inline bool is_narrow(const Window& window, std::int64_t channels) {
  return channels <= narrow_channels && window.taps() > 1;
}

template <class T>
Tensor<T> columns_of(View<const T> x, const Window& window, const Execution& run) {
  Tensor<T> columns =
      run.scratch<T>({x.extent(0) * window.out_pixels(), window.taps() * x.extent(3)});
  gather_columns<T>(columns, x, window, run);
  return columns;
}

// conv2d_pack chose Winograd.
template <class T>
bool is_transformed(const PackedView<T>& w, const Window& window) {
  return w.taps == winograd_points && window.kernel == 3;
}

}  // namespace detail

/// The taps of packed weights (k, k, in, out) for this window: the window's, Winograd's points, or
/// the one of a product with columns.
inline std::int64_t packed_taps(const Window& window, std::int64_t in, std::int64_t out) {
  if (detail::is_narrow(window, in)) return 1;
  return suits_winograd(window, in, out) ? winograd_points : window.taps();
}

/// Packs weights w (k, k, in, out) as conv2d_forward reads them, or conv2d_backward_data with
/// Transpose::yes.
template <class T>
void conv2d_pack(PackedMatrix<T>& packed, View<const T> w, std::int64_t in, std::int64_t out,
                 const Window& window, Transpose transpose, const Execution& run) {
  const std::int64_t taps = packed_taps(window, in, out);
  if (taps == winograd_points && window.kernel == 3) {
    const bool turned = transpose == Transpose::yes;
    pack<T>(packed, winograd_weights<T>(w, in, out, turned, run), taps, in, out, transpose, run);
  } else {
    pack<T>(packed, w, taps, window.taps() / taps * in, out, transpose, run);
  }
}

/// y[n, p, o] = bias[o] + sum over taps t, channels i of  x[n, source(p, t), i] w[t, i, o]
///
/// y (N, OH, OW, O), x (N, H, W, I); w packed from (k, k, I, O) by conv2d_pack or pack; bias (O) or
/// empty; then the epilogue.
template <class T>
void conv2d_forward(View<T> y, View<const T> x, const PackedView<T>& w, View<const T> bias,
                    const WindowPlan& plan, const Execution& run,
                    const Epilogue<T>& epilogue = {}) {
  if (detail::is_narrow(plan.window, x.extent(3))) {
    const Tensor<T> columns = detail::columns_of<T>(x, plan.window, run);
    indirect_gemm<T>(y, columns, w.as_one_tap(), bias, pointwise_plan(), columns.extent(0), run,
                     epilogue);
  } else if (detail::is_transformed(w, plan.window)) {
    winograd_conv2d<T>(y, x, w, bias, WinogradGrid::forward(plan.window), x.extent(0), run,
                       epilogue);
  } else {
    indirect_gemm<T>(y, x, w, bias, plan.gather(), x.extent(0), run, epilogue);
  }
}

/// dx[n, q, i] = sum over taps t, channels o of  dy[n, reader(q, t), o] w[t, i, o]
///
/// The same product with inputs and outputs exchanged: pixel q of x was read through tap t by the
/// output pixel reader(q, t), if any. w packed by conv2d_pack with Transpose::yes (or by pack,
/// where it has more channels than narrow_channels). `summand`: what is added to dx, as another
/// path's gradient, or empty.
template <class T>
void conv2d_backward_data(View<T> dx, View<const T> dy, const PackedView<T>& w_transposed,
                          const WindowPlan& plan, const Execution& run,
                          View<const T> summand = {}) {
  const Epilogue<T> epilogue{.summand = summand};
  if (detail::is_narrow(plan.window, dx.extent(3))) {
    // dcolumns = dy w^T, each added to the pixel that it was read from
    const std::int64_t rows = dy.size() / dy.extent(3);
    Tensor<T> dcolumns = run.scratch<T>({rows, w_transposed.columns});
    indirect_gemm<T>(dcolumns, dy, w_transposed, {}, pointwise_plan(), rows, run);
    scatter_columns<T>(dx, dcolumns, summand, plan.window, run);
  } else if (detail::is_transformed(w_transposed, plan.window)) {
    winograd_conv2d<T>(dx, dy, w_transposed, {}, WinogradGrid::backward(plan.window), dy.extent(0),
                       run, epilogue);
  } else {
    indirect_gemm<T>(dx, dy, w_transposed, {}, plan.scatter(), dy.extent(0), run, epilogue);
  }
}

/// dw[t, i, o] += sum over images n, pixels p of  x[n, source(p, t), i] dy[n, p, o]
template <class T>
void conv2d_backward_weights(const Accumulator<T>& dw, View<const T> dy, View<const T> x,
                             const WindowPlan& plan, const Execution& run) {
  if (detail::is_narrow(plan.window, x.extent(3))) {
    const Tensor<T> columns = detail::columns_of<T>(x, plan.window, run);
    indirect_outer<T>(dw, columns, dy, pointwise_plan(), columns.extent(0), 1, run);
  } else if (suits_winograd(plan.window, x.extent(3), dy.extent(3))) {
    winograd_outer<T>(dw, dy, x, WinogradGrid::forward(plan.window), x.extent(0), run);
  } else {
    indirect_outer<T>(dw, x, dy, plan.gather(), x.extent(0), plan.window.taps(), run);
  }
}

}  // namespace effv2::inline EFFV2_ISA::kernels
