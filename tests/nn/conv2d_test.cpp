#include <cmath>
#include <effv2/nn/conv2d.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::conv2d_test {

using testing::Dice;

TEST_CASE("convolutions that cannot be are refused when they are built", "[conv2d]") {
  CHECK_THROWS_AS(nn::Conv2d<float>({.in_channels = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.out_channels = -3}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.kernel = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.kernel = 46}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.stride = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.in_channels = std::int64_t{1} << 40,
                                     .out_channels = std::int64_t{1} << 40}),
                  Error);
}

TEST_CASE("wrong pictures and gradients are refused", "[conv2d]") {
  nn::Context<float> context(1);
  nn::Conv2d<float> conv({.in_channels = 2, .out_channels = 3});
  nn::initialize(conv, 1);
  nn::Conv2d<float>::Saved saved;
  const Tensor<float> wider({1, 4, 4, 3}), no_batch({4, 4, 2});
  CHECK_THROWS_AS(conv.forward(wider, saved, context), Error);
  CHECK_THROWS_AS(conv.forward(no_batch, saved, context), Error);
  const Tensor<float> x({2, 4, 4, 2});
  conv.forward(x, saved, context);
  CHECK_THROWS_AS(conv.backward(Tensor<float>({2, 4, 4, 2}), saved, context), Error);
}

TEST_CASE("initial weights of a convolution are normal with deviation sqrt(2 / fan out)",
          "[conv2d]") {
  nn::Conv2d<float> conv({.in_channels = 64, .out_channels = 128, .kernel = 3});
  nn::initialize(conv, 1);
  double square = 0.0;
  for (const float v : conv.weight.value()) square += static_cast<double>(v * v);
  CHECK(std::sqrt(square / static_cast<double>(conv.weight.size())) ==
        Approx(std::sqrt(2.0 / (9 * 128))).epsilon(0.02));
}

TEST_CASE("the gradient of the data is left out, those of the weights are not", "[conv2d]") {
  Dice dice(703);
  nn::Conv2d<float> conv({.in_channels = 3, .out_channels = 4, .bias = true});
  nn::initialize(conv, 1);
  nn::Context<float> context(1);
  nn::Conv2d<float>::Saved saved;
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 3}), dy = dice.tensor<float>({2, 5, 5, 4});
  context.begin_step(0);
  conv.forward(x, saved, context);
  CHECK(conv.backward(dy, saved, context).shape() == x.shape());
  const Tensor<float> weight(conv.weight.gradient()), bias(conv.bias.gradient());
  nn::zero_gradients(conv);
  context.begin_step(1, x);
  conv.forward(x, saved, context);
  CHECK(conv.backward(dy, saved, context).empty());
  CHECK(testing::largest_difference(conv.weight.gradient(), weight) == 0.0);
  CHECK(testing::largest_difference(conv.bias.gradient(), bias) == 0.0);
}

TEST_CASE("weight and bias are frozen each by itself", "[conv2d]") {
  testing::Dice dice(718);
  nn::Context<float> context(1);
  nn::Conv2d<float> layer({.in_channels = 3, .out_channels = 4, .bias = true});
  nn::initialize(layer, 1);
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 3});
  for (const bool freezes_weight : {false, true}) {
    layer.weight.frozen = freezes_weight, layer.bias.frozen = !freezes_weight;
    layer.weight.clear_gradient(), layer.bias.clear_gradient();
    nn::Conv2d<float>::Saved saved;
    const Tensor<float> y = layer.forward(x, saved, context);
    layer.backward(y, saved, context);
    CHECK((testing::largest(layer.weight.gradient()) == 0.0) == freezes_weight);
    CHECK((testing::largest(layer.bias.gradient()) == 0.0) == !freezes_weight);
  }
}

}  // namespace effv2::conv2d_test
