#include <cmath>
#include <effv2/nn/depthwise_conv2d.hpp>

#include "../catch.hpp"

namespace effv2::depthwise_conv2d_test {

TEST_CASE("depthwise convolutions that cannot be are refused when they are built",
          "[depthwise_conv2d]") {
  CHECK_THROWS_AS(nn::DepthwiseConv2d<float>({.channels = 0}), Error);
  CHECK_THROWS_AS(nn::DepthwiseConv2d<float>({.channels = 4, .stride = 3}), Error);
  CHECK_THROWS_AS(nn::DepthwiseConv2d<float>({.channels = 4, .kernel = 9}), Error);
}

TEST_CASE("wrong pictures and gradients are refused by a depthwise convolution",
          "[depthwise_conv2d]") {
  nn::Context<float> context(1);
  nn::DepthwiseConv2d<float> conv({.channels = 2, .stride = 2});
  nn::initialize(conv, 1);
  nn::DepthwiseConv2d<float>::Saved saved;
  const Tensor<float> wider({1, 4, 4, 3});
  CHECK_THROWS_AS(conv.forward(wider, saved, context), Error);
  const Tensor<float> x({2, 4, 4, 2});
  CHECK(conv.forward(x, saved, context).shape() == Shape{2, 2, 2, 2});
  CHECK_THROWS_AS(conv.backward(x, saved, context), Error);
}

TEST_CASE("initial weights of a depthwise convolution have deviation sqrt(2 / taps)",
          "[depthwise_conv2d]") {
  nn::DepthwiseConv2d<float> conv({.channels = 2000, .kernel = 3});
  nn::initialize(conv, 1);
  double square = 0.0;
  for (const float v : conv.weight.value()) square += static_cast<double>(v * v);
  CHECK(std::sqrt(square / static_cast<double>(conv.weight.size())) ==
        Approx(std::sqrt(2.0 / 9)).epsilon(0.02));
}

}  // namespace effv2::depthwise_conv2d_test
