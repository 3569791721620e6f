// What kernels::orthogonalize comes to, from the singular value decomposition.
#pragma once

#include <Eigen/SVD>
#include <effv2/core/tensor.hpp>

namespace effv2::testing {

/// U p(S) V^T of a matrix (rows, columns), with p five times the quintic polynomial.
inline Tensor<double> orthogonal(View<const double> matrix) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> map(matrix.data(), matrix.extent(0), matrix.extent(1));
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(map, Eigen::ComputeThinU | Eigen::ComputeThinV);
  Eigen::VectorXd s = svd.singularValues() / svd.singularValues().norm();
  for (double& value : s) {
    for (int step = 0; step < 5; ++step) {
      const double square = value * value;
      value *= 3.4445 + square * (-4.7750 + square * 2.0315);
    }
  }
  Tensor<double> result(matrix.shape());
  Eigen::Map<Matrix>(result.data(), matrix.extent(0), matrix.extent(1)) =
      svd.matrixU() * s.asDiagonal() * svd.matrixV().transpose();
  return result;
}

}  // namespace effv2::testing
