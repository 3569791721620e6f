#include <cmath>
#include <effv2/nn/batch_norm.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::batch_norm_test {

using testing::Dice;

TEST_CASE("batch norms that cannot be are refused when they are built", "[batch_norm]") {
  CHECK_THROWS_AS(nn::BatchNorm<float>({.channels = 0}), Error);
  CHECK_THROWS_AS(nn::BatchNorm<float>({.channels = 2, .epsilon = 0.0}), Error);
  CHECK_THROWS_AS(nn::BatchNorm<float>({.channels = 2, .momentum = 1.5}), Error);
}

TEST_CASE("batch norm needs two values per channel in training, one in inference", "[batch_norm]") {
  nn::BatchNorm<float> bn({.channels = 3});
  nn::Context<float> context(1);
  nn::BatchNorm<float>::Saved saved;
  const Tensor<float> one = Tensor<float>::filled({1, 1, 1, 3}, 2.0F);
  CHECK_THROWS_AS(bn.forward(one, saved, context), Error);
  CHECK(bn.infer(one, context)[0] == Approx(2.0 / std::sqrt(1.001)));
}

TEST_CASE("frozen statistics are used and not tracked", "[batch_norm]") {
  Dice dice(700);
  nn::BatchNorm<float> bn({.channels = 3});
  nn::Context<float> context(1);
  nn::BatchNorm<float>::Saved saved;
  const Tensor<float> x = dice.tensor<float>({4, 2, 2, 3});
  nn::freeze(bn, "");
  const Tensor<float> y = bn.forward(x, saved, context);
  CHECK(testing::largest_difference(y, bn.infer(x, context)) == 0.0);
  CHECK(testing::largest(bn.running_mean.value()) == 0.0);
  bn.backward(y, saved, context);
  CHECK(testing::largest(bn.weight.gradient()) == 0.0);
  nn::freeze(bn, "", false);
  bn.forward(x, saved, context);
  CHECK(testing::largest(bn.running_mean.value()) > 0.0);
}

TEST_CASE("statistics are fixed if either of them is frozen", "[batch_norm]") {
  testing::Dice dice(719);
  nn::Context<float> context(1);
  const Tensor<float> x = dice.tensor<float>({6, 2});
  for (const bool freezes_mean : {false, true}) {
    nn::BatchNorm<float> layer({.channels = 2});
    (freezes_mean ? layer.running_mean : layer.running_var).frozen = true;
    nn::BatchNorm<float>::Saved saved;
    const Tensor<float> y = layer.forward(x, saved, context);
    CHECK(testing::largest_difference(y, layer.infer(x, context)) == 0.0);
    CHECK(testing::largest(layer.running_mean.value()) == 0.0);
    CHECK(layer.running_var.value()[1] == 1.0F);
  }
}

}  // namespace effv2::batch_norm_test
