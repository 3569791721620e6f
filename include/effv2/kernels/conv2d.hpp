// Convolution over NHWC pictures with HWIO weights, forward and both gradients, by indirect GEMM.
#pragma once

#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "indirect_gemm.hpp"
#include "indirect_outer.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// y[n, p, o] = bias[o] + sum over taps t, channels i of  x[n, source(p, t), i] w[t, i, o]
///
/// y (N, OH, OW, O), x (N, H, W, I); w packed from (k, k, I, O) without transposing; bias (O) or
/// empty.
template <class T>
void conv2d_forward(View<T> y, View<const T> x, const PackedMatrix<T>& w, View<const T> bias,
                    const WindowPlan& plan, const Execution& run) {
  indirect_gemm<T>(y, x, w, bias, plan.gather, x.extent(0), run);
}

/// dx[n, q, i] = sum over taps t, channels o of  dy[n, reader(q, t), o] w[t, i, o]
///
/// The same product with inputs and outputs exchanged: pixel q of x was read through tap t by the
/// output pixel reader(q, t), if any. w packed from (k, k, I, O) with Transpose::yes.
template <class T>
void conv2d_backward_data(View<T> dx, View<const T> dy, const PackedMatrix<T>& w_transposed,
                          const WindowPlan& plan, const Execution& run) {
  indirect_gemm<T>(dx, dy, w_transposed, {}, plan.scatter, dy.extent(0), run);
}

/// dw[t, i, o] += sum over images n, pixels p of  x[n, source(p, t), i] dy[n, p, o]
template <class T>
void conv2d_backward_weights(View<T> dw, View<const T> dy, View<const T> x, const WindowPlan& plan,
                             const Execution& run) {
  indirect_outer<T>(dw, x, dy, plan.gather, x.extent(0), plan.window.taps(), run);
}

/// db[c] += sum over rows of dy[row, c]: the gradient of any bias. dy (..., C).
template <class T>
void bias_backward(View<T> db, View<const T> dy) {
  const std::int64_t channels = db.size(), rows = dy.size() / channels;
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* source = dy.data() + row * channels;
    for (std::int64_t c = 0; c < channels; ++c) db[c] += source[c];
  }
}

}  // namespace effv2::inline EFFV2_ISA::kernels
