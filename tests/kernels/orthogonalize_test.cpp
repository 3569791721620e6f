#include <algorithm>
#include <effv2/kernels/orthogonalize.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/orthogonal.hpp"
#include "../support/random.hpp"

namespace effv2::orthogonalize_test {

TEST_CASE("a matrix keeps its singular vectors, and gets singular values near 1",
          "[orthogonalize]") {
  testing::Dice dice(90);
  for (int i = 0; i < 60; ++i) {
    const std::int64_t rows = dice.between(1, 70), columns = dice.between(1, 70);
    CAPTURE(rows, columns);
    Tensor<double> matrix = dice.tensor<double>({rows, columns});
    for (double& value : matrix) value *= 1e-30;
    const Tensor<double> expected = testing::orthogonal(matrix);
    Tensor<float> single({rows, columns});
    std::copy(matrix.begin(), matrix.end(), single.begin());
    kernels::orthogonalize<double>(matrix, Execution(1 + i % 3));
    CHECK(testing::largest_difference(matrix, expected) < 1e-9);
    kernels::orthogonalize<float>(single, Execution(2));
    for (std::int64_t k = 0; k < single.size(); ++k) {
      REQUIRE(static_cast<double>(single[k]) == Approx(expected[k]).margin(1e-3));
    }
  }
}

TEST_CASE("directions of very different strength end alike", "[orthogonalize]") {
  Tensor<double> matrix({3, 4});
  matrix(0, 3) = -1000.0, matrix(1, 0) = 100.0, matrix(2, 1) = 15.0;
  kernels::orthogonalize<double>(matrix, Execution(1));
  CHECK(-matrix(0, 3) == Approx(0.9).margin(0.25));
  CHECK(matrix(1, 0) == Approx(0.9).margin(0.25));
  CHECK(matrix(2, 1) == Approx(0.9).margin(0.25));
  CHECK(matrix(2, 2) == 0.0);
}

TEST_CASE("nothing has no direction", "[orthogonalize]") {
  Tensor<float> matrix({5, 3});
  kernels::orthogonalize<float>(matrix, Execution(1));
  CHECK(testing::largest(matrix) == 0.0);
}

}  // namespace effv2::orthogonalize_test
