#include <effv2/kernels/indirect_gemm.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

using namespace effv2;
using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("packing keeps every number and pads with zeros", "[indirect_gemm]") {
  Dice dice(30);
  for (int i = 0; i < 50; ++i) {
    const std::int64_t taps = dice.between(1, 4), rows = dice.between(1, 40);
    const std::int64_t columns = dice.between(1, 80);
    const Tensor<float> w = dice.integers<float>({taps, rows, columns}, 1, 9);
    for (const Transpose transpose : {Transpose::no, Transpose::yes}) {
      PackedMatrix<float> b;
      pack<float>(b, w, taps, rows, columns, transpose, Execution(2));
      const bool swap = transpose == Transpose::yes;
      double sum = 0.0, packed_sum = 0.0;
      for (const float value : w) sum += static_cast<double>(value);
      for (const float value : b.data) packed_sum += static_cast<double>(value);
      REQUIRE(packed_sum == sum);
      for (std::int64_t t = 0; t < taps; ++t) {
        for (std::int64_t k = 0; k < b.depth; ++k) {
          for (std::int64_t n = 0; n < b.columns; ++n) {
            const std::int64_t panel = n / RegisterTile<float>::columns;
            const std::int64_t lanes = b.panel_vectors(panel) * simd::width<float>;
            const float value =
                b.panel(panel)[(t * b.depth + k) * lanes + n % RegisterTile<float>::columns];
            REQUIRE(value == (swap ? w(t, n, k) : w(t, k, n)));
          }
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("products of every height and width of tile are exact", "[indirect_gemm]", float,
                   double) {
  using T = TestType;
  Dice dice(31);
  const TapPlan plan = gather_plan(Window{});
  for (std::int64_t m = 1; m <= 2 * RegisterTile<T>::rows + 1; ++m) {
    for (const std::int64_t n : {std::int64_t{1}, simd::width<T> - 1, simd::width<T>,
                                 simd::width<T> + 1, 2 * simd::width<T>, 5 * simd::width<T> + 3}) {
      if (n < 1) continue;
      const std::int64_t k = dice.between(1, 33);
      const Tensor<T> a = dice.integers<T>({m, k}), w = dice.integers<T>({k, n});
      Tensor<T> c = Tensor<T>::filled({m, n}, T{7});
      PackedMatrix<T> packed;
      pack<T>(packed, w, 1, k, n, Transpose::no, Execution(1));
      indirect_gemm<T>(c, a, packed, {}, plan, m, Execution(1));
      // a^T c as the outer product.
      Tensor<T> outer({k, n});
      indirect_outer<T>(outer, a, c, plan, m, 1, Execution(1));
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          T sum{};
          for (std::int64_t l = 0; l < k; ++l) sum += a(i, l) * w(l, j);
          REQUIRE(c(i, j) == sum);
        }
      }
      for (std::int64_t l = 0; l < k; ++l) {
        for (std::int64_t j = 0; j < n; ++j) {
          T sum{};
          for (std::int64_t i = 0; i < m; ++i) sum += a(i, l) * c(i, j);
          REQUIRE(outer(l, j) == sum);
        }
      }
    }
  }
}

TEST_CASE("NaN in the input reaches the output", "[indirect_gemm]") {
  Tensor<float> a = Tensor<float>::filled({3, 4}, 1.0F), c({3, 5});
  const Tensor<float> w = Tensor<float>::filled({4, 5}, 1.0F);
  a(1, 2) = std::numeric_limits<float>::quiet_NaN();
  PackedMatrix<float> packed;
  pack<float>(packed, w, 1, 4, 5, Transpose::no, Execution(1));
  indirect_gemm<float>(c, a, packed, {}, gather_plan(Window{}), 3, Execution(1));
  REQUIRE(std::isnan(c(1, 4)));
  REQUIRE(c(0, 0) == 4.0F);
}
