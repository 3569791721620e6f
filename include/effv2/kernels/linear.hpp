// The linear layer's products: a convolution of 1 x 1 pictures.
#pragma once

#include "../core/accumulator.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "epilogue.hpp"
#include "indirect_gemm.hpp"
#include "indirect_outer.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// y[n, o] = bias[o] + sum over i of  x[n, i] w[i, o]. y (N, O), x (N, I), w packed from (I, O).
template <class T>
void linear_forward(View<T> y, View<const T> x, const PackedView<T>& w, View<const T> bias,
                    const Execution& run, const Epilogue<T>& epilogue = {}) {
  indirect_gemm<T>(y, x, w, bias, pointwise_plan(), x.extent(0), run, epilogue);
}

/// dx[n, i] = sum over o of  dy[n, o] w[i, o]. w packed with Transpose::yes.
template <class T>
void linear_backward_data(View<T> dx, View<const T> dy, const PackedView<T>& w_transposed,
                          const Execution& run) {
  indirect_gemm<T>(dx, dy, w_transposed, {}, pointwise_plan(), dy.extent(0), run);
}

/// dw[i, o] += sum over n of  x[n, i] dy[n, o].
template <class T>
void linear_backward_weights(const Accumulator<T>& dw, View<const T> dy, View<const T> x,
                             const Execution& run) {
  indirect_outer<T>(dw, x, dy, pointwise_plan(), x.extent(0), 1, run);
}

}  // namespace effv2::inline EFFV2_ISA::kernels
