// The orthogonal matrix nearest to one, approximately, by products alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "../core/accumulator.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "elementwise.hpp"
#include "linear.hpp"
#include "packed_matrix.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// Replaces a matrix (rows, columns) by about U V^T, where U S V^T is its singular value
/// decomposition: five Newton-Schulz steps, after division by the Frobenius norm,
///   X = (a I + b X X^T + c (X X^T)^2) X        with X^T X, from the right, if that is smaller.
/// Each sends every singular value s to a s + b s^3 + c s^5, with a, b, c that lift small ones fast
/// and let the large ones swing: those above 0.01 of the norm end between 0.68 and 1.14, which does
/// for a direction (Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural
/// networks"). Zero stays zero.
template <class T>
void orthogonalize(View<T> matrix, const Execution& run) {
  constexpr int steps = 5;
  constexpr T a = T(3.4445), b = T(-4.7750), c = T(2.0315);
  const double squares = sum_of_squares<T>(matrix);
  if (squares == 0.0) return;
  const double scale = 1.0 / std::sqrt(squares);

  const std::int64_t rows = matrix.extent(0), columns = matrix.extent(1);
  const bool tall = rows > columns;
  const std::int64_t side = tall ? columns : rows;
  Tensor<T> x = run.scratch<T>(matrix.shape()), next = run.scratch<T>(matrix.shape());
  Tensor<T> gram = run.scratch<T>({side, side}), polynomial = run.scratch<T>({side, side});
  PackedMatrix<T> packed;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<T>(static_cast<double>(matrix[i]) * scale);
  }
  // result = left right^T  and  result = left^T right
  const auto times_transposed = [&](Tensor<T>& result, const Tensor<T>& left,
                                    const Tensor<T>& right) {
    pack<T>(packed, right, 1, right.extent(0), right.extent(1), Transpose::yes, run);
    linear_forward<T>(result, left, packed, {}, run);
  };
  const auto transposed_times = [&](Tensor<T>& result, const Tensor<T>& left,
                                    const Tensor<T>& right) {
    linear_backward_weights<T>({result, false}, right, left, run);
  };
  for (int step = 0; step < steps; ++step) {
    if (tall) {
      transposed_times(gram, x, x);
    } else {
      times_transposed(gram, x, x);
    }
    // Both the Gram matrix and the polynomial are their own transposes.
    transposed_times(polynomial, gram, gram);
    for (std::int64_t i = 0; i < gram.size(); ++i) polynomial[i] = c * polynomial[i] + b * gram[i];
    for (std::int64_t i = 0; i < side; ++i) polynomial(i, i) += a;
    if (tall) {
      times_transposed(next, x, polynomial);
    } else {
      transposed_times(next, polynomial, x);
    }
    std::swap(x, next);
  }
  std::copy(x.begin(), x.end(), matrix.begin());
}

}  // namespace effv2::inline EFFV2_ISA::kernels
