#include <effv2/nn/conv_bn_act.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::conv_bn_act_test {

using testing::Dice;

TEST_CASE("inference folds the batch norm into the convolution", "[conv_bn_act]") {
  Dice dice(705);
  nn::Context<double> context(1);
  for (const auto kind : {nn::ActivationKind::identity, nn::ActivationKind::silu}) {
    auto layer = nn::conv_bn_act<double>(3, 5, 3, 2, {}, kind);
    nn::initialize(layer, 1);
    for (double& v : layer.bn.running_mean.edit()) v = dice.uniform(-1.0, 1.0);
    for (double& v : layer.bn.running_var.edit()) v = dice.uniform(0.5, 2.0);
    for (double& v : layer.bn.weight.edit()) v = dice.uniform(-2.0, 2.0);
    for (double& v : layer.bn.bias.edit()) v = dice.uniform(-1.0, 1.0);
    const Tensor<double> x = dice.tensor<double>({2, 7, 6, 3});
    const Tensor<double> apart = layer.bn.infer(layer.conv.infer(x, context), context);
    CHECK(testing::largest_difference(layer.infer(x, context), apart) < 1e-12);
    // A change of any statistic is noticed.
    layer.bn.running_mean.edit()[0] += 1.0;
    const Tensor<double> after = layer.bn.infer(layer.conv.infer(x, context), context);
    CHECK(testing::largest_difference(layer.infer(x, context), after) < 1e-12);
    CHECK(testing::largest_difference(after, apart) > 0.1);
  }
}

TEST_CASE("statistics taken in the epilogue are those of a batch norm by itself", "[conv_bn_act]") {
  Dice dice(706);
  auto fused = nn::conv_bn_act<double>(4, 6, 3, 1, {}, nn::ActivationKind::silu);
  nn::initialize(fused, 1);
  auto apart = fused;
  nn::Context<double> context(1);
  decltype(fused)::Saved saved, other;
  const Tensor<double> x = dice.tensor<double>({3, 5, 5, 4});
  const Tensor<double> y = fused.forward(x, saved, context);
  const Tensor<double> z = apart.conv.forward(x, other.conv, context);
  CHECK(testing::largest_difference(apart.bn.forward(z, other.bn, context), y) < 1e-12);
  CHECK(testing::largest_difference(apart.bn.running_var.value(), fused.bn.running_var.value()) <
        1e-14);
}

TEST_CASE("inference notices weights that were assigned", "[conv_bn_act]") {
  Dice dice(715);
  nn::Context<float> context(1);
  auto layer = nn::conv_bn_act<float>(3, 5, 3, 1, {}, nn::ActivationKind::silu);
  auto older = layer;
  nn::initialize(older, 2), nn::initialize(layer, 1);
  layer.bn.bias.edit();  // the newest
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 3});
  layer.infer(x, context);
  layer.conv.weight = older.conv.weight;
  nn::Context<float> fresh(1);
  CHECK(testing::largest_difference(layer.infer(x, context), layer.infer(x, fresh)) == 0.0);
}

TEST_CASE("a shortcut of another shape and a second backward are refused", "[conv_bn_act]") {
  Dice dice(716);
  nn::Context<float> context(1);
  auto layer =
      nn::conv_bn_act<float>(3, 3, 3, 1, {.padding = nn::Padding::valid}, nn::ActivationKind::silu);
  nn::initialize(layer, 1);
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 3});
  decltype(layer)::Saved saved;
  CHECK_THROWS_AS(layer.backward(x, saved, context), Error);
  CHECK_THROWS_AS(layer.forward(x, saved, context, {{}, x}), Error);
  const Tensor<float> y = layer.forward(x, saved, context);
  layer.backward(y, saved, context);
  CHECK_THROWS_AS(layer.backward(y, saved, context), Error);
}

TEST_CASE("a convolution with a bias or of other channels than its batch norm is refused",
          "[conv_bn_act]") {
  using Layer = nn::ConvolutionBnAct<float, nn::Conv2d<float>>;
  const nn::Conv2d<float> biased({.in_channels = 2, .out_channels = 4, .bias = true});
  CHECK_THROWS_WITH(Layer(biased, {.channels = 4}), Catch::Contains("without bias"));
  const nn::Conv2d<float> wide({.in_channels = 2, .out_channels = 40});
  CHECK_THROWS_WITH(Layer(wide, {.channels = 4}), Catch::Contains("batch norm of 40"));
}

}  // namespace effv2::conv_bn_act_test
