#include <effv2/kernels/elementwise.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::elementwise_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("sums and products, in place too, with tails", "[elementwise]") {
  Dice dice(530);
  for (const std::int64_t size : {1, 15, 16, 17, 40000}) {
    Tensor<float> a = dice.integers<float>({size});
    const Tensor<float> b = dice.integers<float>({size}), before(a);
    Tensor<float> y({size});
    multiply<float>(y, a, b, Execution(2));
    add<float>(a, a, b, Execution(2));
    for (std::int64_t i = 0; i < size; ++i) {
      REQUIRE(a[i] == before[i] + b[i]);
      REQUIRE(y[i] == before[i] * b[i]);
    }
  }
}

TEST_CASE("scaling by one factor and by sample", "[elementwise]") {
  Dice dice(531);
  for (int i = 0; i < 50; ++i) {
    const std::int64_t n = dice.between(1, 5), numbers = dice.between(1, 400);
    const Tensor<float> x = dice.integers<float>({n, numbers}), factors = dice.integers<float>({n});
    Tensor<float> y(x.shape()), z(x.shape());
    scale<float>(y, x, 3.0F, Execution(2));
    scale_samples<float>(z, x, factors, Execution(2));
    for (std::int64_t j = 0; j < x.size(); ++j) {
      REQUIRE(y[j] == x[j] * 3.0F);
      REQUIRE(z[j] == x[j] * factors[j / numbers]);
    }
  }
}

TEST_CASE("squares that are no floats have a sum", "[elementwise]") {
  for (const std::int64_t size : {0, 1, 7, 8, 9, 100}) {
    for (const float value : {1e-30F, 3.0F, 1e30F}) {
      const double square = static_cast<double>(value) * static_cast<double>(value);
      const auto values = Tensor<float>::filled({size}, value);
      CHECK(sum_of_squares<float>(values) == Approx(static_cast<double>(size) * square));
    }
  }
}

}  // namespace effv2::elementwise_test
