#include <effv2/kernels/indirect_outer.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::indirect_outer_test {

using namespace effv2::kernels;
using testing::Dice;

TEMPLATE_TEST_CASE("outer products of every height and width of tile are exact, on any threads",
                   "[indirect_outer]", float, double) {
  using T = TestType;
  Dice dice(32);
  const TapPlan plan = gather_plan(Window{});
  for (std::int64_t k = 1; k <= 2 * RegisterTile<T>::rows + 1; ++k) {
    for (const std::int64_t n : {std::int64_t{1}, simd::width<T> - 1, simd::width<T>,
                                 simd::width<T> + 1, 2 * simd::width<T>, 5 * simd::width<T> + 3}) {
      if (n < 1) continue;
      const std::int64_t m = dice.between(1, 300);
      const Tensor<T> a = dice.integers<T>({m, k}), c = dice.integers<T>({m, n});
      const Tensor<T> start = dice.integers<T>({k, n});
      for (const int threads : {1, 3}) {
        Tensor<T> outer(start);
        Tensor<T> fresh(start);
        indirect_outer<T>(outer, a, c, plan, m, 1, Execution(threads));
        indirect_outer<T>({fresh, false}, a, c, plan, m, 1, Execution(threads));
        for (std::int64_t l = 0; l < k; ++l) {
          for (std::int64_t j = 0; j < n; ++j) {
            T sum = start(l, j);
            for (std::int64_t i = 0; i < m; ++i) sum += a(i, l) * c(i, j);
            REQUIRE(outer(l, j) == sum);
            REQUIRE(fresh(l, j) == sum - start(l, j));
          }
        }
      }
    }
  }
}

TEST_CASE("a sum that starts here covers taps that only meet padding", "[indirect_outer]") {
  Dice dice(33);
  for (int round = 0; round < 100; ++round) {
    const Window window(dice.between(1, 3), dice.between(1, 3), 5, dice.between(1, 2),
                        Padding::symmetric);
    const TapPlan plan = gather_plan(window);
    const std::int64_t batch = dice.between(1, 200), k = dice.between(1, 40);
    const std::int64_t n = dice.between(1, 40);
    const Tensor<float> in = dice.integers<float>({batch, window.in_pixels(), k});
    const Tensor<float> rows = dice.integers<float>({batch, window.out_pixels(), n});
    Tensor<float> added({window.taps(), k, n});
    Tensor<float> fresh = Tensor<float>::filled(added.shape(), 77.0F);
    const Execution run(static_cast<int>(dice.between(1, 3)));
    indirect_outer<float>(added, in, rows, plan, batch, window.taps(), run);
    indirect_outer<float>({fresh, false}, in, rows, plan, batch, window.taps(), run);
    for (std::int64_t i = 0; i < added.size(); ++i) REQUIRE(fresh[i] == added[i]);
  }
}

TEST_CASE("a tall result is shared out by rows, exactly", "[indirect_outer]") {
  Dice dice(34);
  const std::int64_t m = 60, k = 40 * RegisterTile<float>::rows + 3, n = 7;
  const Tensor<float> a = dice.integers<float>({m, k}), c = dice.integers<float>({m, n});
  Tensor<float> alone({k, n}), shared({k, n});
  indirect_outer<float>(alone, a, c, pointwise_plan(), m, 1, Execution(1));
  indirect_outer<float>(shared, a, c, pointwise_plan(), m, 1, Execution(7));
  for (std::int64_t l = 0; l < k; ++l) {
    for (std::int64_t j = 0; j < n; ++j) {
      float sum = 0.0F;
      for (std::int64_t i = 0; i < m; ++i) sum += a(i, l) * c(i, j);
      REQUIRE(alone(l, j) == sum);
      REQUIRE(shared(l, j) == sum);
    }
  }
}

}  // namespace effv2::indirect_outer_test
