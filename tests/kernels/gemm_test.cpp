#include <effv2/kernels/gemm.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::gemm_test {

using namespace effv2::kernels;

TEST_CASE("the three products equal their definitions", "[gemm]") {
  testing::Dice dice(60);
  for (int i = 0; i < 100; ++i) {
    const std::int64_t m = dice.between(1, 20), k = dice.between(1, 20), n = dice.between(1, 20);
    const Tensor<float> a = dice.integers<float>({m, k}), b = dice.integers<float>({k, n});
    Tensor<float> at({k, m}), bt({n, k}), c({m, n}), d({m, n});
    Tensor<float> e = Tensor<float>::filled({m, n}, 2.0F);
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t l = 0; l < k; ++l) at(l, r) = a(r, l);
    }
    for (std::int64_t l = 0; l < k; ++l) {
      for (std::int64_t r = 0; r < n; ++r) bt(r, l) = b(l, r);
    }
    gemm<float>(c, a, b);
    gemm_nt<float>(d, a, bt);
    gemm_tn_accumulate<float>(e, at, b);
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t s = 0; s < n; ++s) {
        float sum = 0.0F;
        for (std::int64_t l = 0; l < k; ++l) sum += a(r, l) * b(l, s);
        REQUIRE(c(r, s) == sum);
        REQUIRE(d(r, s) == sum);
        REQUIRE(e(r, s) == sum + 2.0F);
      }
    }
  }
}

}  // namespace effv2::gemm_test
