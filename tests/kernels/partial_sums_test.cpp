#include <effv2/kernels/partial_sums.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::partial_sums_test {

using testing::Dice;

TEST_CASE("partial sums are added to a sum, or are all of it", "[partial_sums]") {
  Dice dice(16);
  for (int round = 0; round < 60; ++round) {
    const std::int64_t slices = dice.between(1, 5), size = dice.between(1, 9000);
    const Tensor<float> partials = dice.integers<float>({slices, size});
    const bool adds = round % 2 == 0;
    Tensor<float> sum = Tensor<float>::filled({size}, 3.0F);
    kernels::add_partial_sums<float, float>({sum, adds}, partials, Execution(1 + round % 3));
    for (std::int64_t i = 0; i < size; ++i) {
      float expected = adds ? 3.0F : 0.0F;
      for (std::int64_t s = 0; s < slices; ++s) expected += partials[s * size + i];
      REQUIRE(sum[i] == expected);
    }
  }
}

TEST_CASE("a sum wider than its parts keeps their last digits", "[partial_sums]") {
  const std::int64_t slices = 1000, size = 300;
  const Tensor<float> partials = Tensor<float>::filled({slices, size}, 16777213.0F);
  Tensor<double> sum = Tensor<double>::filled({size}, 5.0);
  kernels::add_partial_sums<double, float>({sum, false}, partials, Execution(2));
  for (const double value : sum) REQUIRE(value == 16777213000.0);
}

}  // namespace effv2::partial_sums_test
