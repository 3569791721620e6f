// Plain matrix products through Eigen: the only header that includes it. The reference beside the
// indirect kernels, and the baseline in the benchmarks; no layer depends on it.
#pragma once

#include <cassert>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"

EFFV2_INTRINSICS_BEGIN
#include <Eigen/Core>
EFFV2_INTRINSICS_END

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {
template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
auto as_matrix(View<const T> view) {
  return Eigen::Map<const RowMajor<T>>(view.data(), view.extent(0), view.extent(1));
}
template <class T>
auto as_matrix(View<T> view) {
  return Eigen::Map<RowMajor<T>>(view.data(), view.extent(0), view.extent(1));
}
}  // namespace detail

/// C = A B. A (M, K), B (K, N), C (M, N).
template <class T>
void gemm(View<T> c, View<const T> a, View<const T> b) {
  assert(a.extent(1) == b.extent(0));
  detail::as_matrix<T>(c).noalias() = detail::as_matrix<T>(a) * detail::as_matrix<T>(b);
}

/// C = A B^T. A (M, K), B (N, K), C (M, N).
template <class T>
void gemm_nt(View<T> c, View<const T> a, View<const T> b) {
  assert(a.extent(1) == b.extent(1));
  detail::as_matrix<T>(c).noalias() = detail::as_matrix<T>(a) * detail::as_matrix<T>(b).transpose();
}

/// C += A^T B. A (K, M), B (K, N), C (M, N).
template <class T>
void gemm_tn_accumulate(View<T> c, View<const T> a, View<const T> b) {
  assert(a.extent(0) == b.extent(0));
  detail::as_matrix<T>(c).noalias() +=
      detail::as_matrix<T>(a).transpose() * detail::as_matrix<T>(b);
}

}  // namespace effv2::inline EFFV2_ISA::kernels
