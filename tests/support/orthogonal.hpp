// What kernels::orthogonalize comes to, from the singular value decomposition.
#pragma once

#include <cmath>
#include <cstdint>
#include <effv2/core/tensor.hpp>
#include <numeric>
#include <utility>
#include <vector>

namespace effv2::testing {

/// U p(S) V^T of a matrix (rows, columns), with p five times the quintic polynomial. One-sided
/// Jacobi: pairs of columns are turned until each is orthogonal to each. They are then the columns
/// of U S, and the turns together are V.
inline Tensor<double> orthogonal(View<const double> matrix) {
  using Columns = std::vector<std::vector<double>>;
  const std::int64_t rows = matrix.extent(0), columns = matrix.extent(1);
  const bool wide = columns > rows;  // then of the transpose, which has fewer columns
  const auto count = static_cast<std::size_t>(wide ? rows : columns);
  const auto length = static_cast<std::size_t>(wide ? columns : rows);
  const auto index = [&](std::size_t column, std::size_t i) {
    return static_cast<std::int64_t>(wide ? column * length + i : i * count + column);
  };
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto turn = [](std::vector<double>& a, std::vector<double>& b, double cosine, double sine) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double x = a[i], y = b[i];
      a[i] = cosine * x - sine * y, b[i] = sine * x + cosine * y;
    }
  };

  Columns us(count, std::vector<double>(length)), v(count, std::vector<double>(count));
  double norm = 0.0;
  for (const double value : matrix) norm = std::hypot(norm, value);
  for (std::size_t c = 0; c < count; ++c) {
    for (std::size_t i = 0; i < length; ++i) us[c][i] = matrix[index(c, i)] / norm;
    v[c][c] = 1.0;
  }
  bool turned = true;
  while (std::exchange(turned, false)) {
    for (std::size_t p = 0; p < count; ++p) {
      for (std::size_t q = p + 1; q < count; ++q) {
        const double pp = dot(us[p], us[p]), qq = dot(us[q], us[q]), pq = dot(us[p], us[q]);
        if (std::abs(pq) <= 1e-14 * std::sqrt(pp * qq)) continue;
        const double zeta = (qq - pp) / (2.0 * pq);
        const double tangent = std::copysign(1.0, zeta) / (std::abs(zeta) + std::hypot(1.0, zeta));
        const double cosine = 1.0 / std::hypot(1.0, tangent);
        turn(us[p], us[q], cosine, cosine * tangent), turn(v[p], v[q], cosine, cosine * tangent);
        turned = true;
      }
    }
  }

  Tensor<double> result(matrix.shape());
  for (std::size_t c = 0; c < count; ++c) {
    const double s = std::sqrt(dot(us[c], us[c]));
    double p = s;
    for (int step = 0; step < 5; ++step) p *= 3.4445 + p * p * (-4.7750 + p * p * 2.0315);
    for (std::size_t j = 0; s > 0.0 && j < count; ++j) {
      for (std::size_t i = 0; i < length; ++i) result[index(j, i)] += us[c][i] * (p / s) * v[c][j];
    }
  }
  return result;
}

}  // namespace effv2::testing
