#include <cmath>
#include <effv2/nn/linear.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"

namespace effv2::linear_test {

TEST_CASE("linear layers that cannot be, and wrong inputs, are refused", "[linear]") {
  CHECK_THROWS_AS(nn::Linear<float>(0, 3), Error);
  CHECK_THROWS_AS(nn::Linear<float>(3, -1), Error);
  nn::Context<float> context(1);
  const nn::Linear<float> linear(4, 2);
  CHECK_THROWS_AS(linear.infer(Tensor<float>({3, 5}), context), Error);
}

TEST_CASE("initial weights of a linear layer are uniform in +-1 / sqrt(in)", "[linear]") {
  nn::Linear<float> linear(400, 100);
  nn::initialize(linear, 1);
  double square = 0.0;
  for (const float v : linear.weight.value()) square += static_cast<double>(v * v);
  CHECK(std::sqrt(square / static_cast<double>(linear.weight.size())) ==
        Approx(1.0 / 20.0 / std::sqrt(3.0)).epsilon(0.02));
  CHECK(testing::largest(linear.weight.value()) <= 1.0 / 20.0);
  CHECK(testing::largest(linear.bias.value()) == 0.0);
}

}  // namespace effv2::linear_test
