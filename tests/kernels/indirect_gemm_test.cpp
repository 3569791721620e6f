#include <effv2/kernels/indirect_gemm.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::indirect_gemm_test {

using namespace effv2::kernels;
using testing::Dice;

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
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          T sum{};
          for (std::int64_t l = 0; l < k; ++l) sum += a(i, l) * w(l, j);
          REQUIRE(c(i, j) == sum);
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

}  // namespace effv2::indirect_gemm_test
