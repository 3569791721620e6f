// What the layers promise besides their gradients.
#include <cmath>
#include <effv2/nn/activation.hpp>
#include <effv2/nn/batch_norm.hpp>
#include <effv2/nn/conv2d.hpp>
#include <effv2/nn/conv_bn_act.hpp>
#include <effv2/nn/depthwise_conv2d.hpp>
#include <effv2/nn/drop_path.hpp>
#include <effv2/nn/dropout.hpp>
#include <effv2/nn/fused_mbconv.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/mbconv.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/squeeze_excite.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

using namespace effv2;
using testing::Dice;

TEST_CASE("layers that cannot be are refused when they are built", "[layers]") {
  CHECK_THROWS_AS(nn::Conv2d<float>({.in_channels = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.out_channels = -3}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.kernel = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.kernel = 46}), Error);
  CHECK_THROWS_AS(nn::Conv2d<float>({.stride = 0}), Error);
  CHECK_THROWS_AS(nn::DepthwiseConv2d<float>({.channels = 0}), Error);
  CHECK_THROWS_AS(nn::DepthwiseConv2d<float>({.channels = 4, .stride = 3}), Error);
  CHECK_THROWS_AS(nn::DepthwiseConv2d<float>({.channels = 4, .kernel = 9}), Error);
  CHECK_THROWS_AS(nn::BatchNorm<float>({.channels = 0}), Error);
  CHECK_THROWS_AS(nn::BatchNorm<float>({.channels = 2, .epsilon = 0.0}), Error);
  CHECK_THROWS_AS(nn::BatchNorm<float>({.channels = 2, .momentum = 1.5}), Error);
  CHECK_THROWS_AS(nn::Linear<float>(0, 3), Error);
  CHECK_THROWS_AS(nn::Linear<float>(3, -1), Error);
  for (const double rate : {-0.1, 1.0, 1.5, std::nan("")}) {
    CHECK_THROWS_AS(nn::DropPath<float>(rate), Error);
    CHECK_THROWS_AS(nn::Dropout<float>(rate), Error);
  }
  CHECK_THROWS_AS(nn::Conv2d<float>({.in_channels = std::int64_t{1} << 40,
                                     .out_channels = std::int64_t{1} << 40}),
                  Error);
}

TEST_CASE("wrong inputs and gradients are refused", "[layers]") {
  nn::Context<float> context(1);
  nn::Conv2d<float> conv({.in_channels = 2, .out_channels = 3});
  nn::initialize(conv, 1);
  nn::Conv2d<float>::Saved saved;
  CHECK_THROWS_AS(conv.forward(Tensor<float>({1, 4, 4, 3}), saved, context), Error);
  CHECK_THROWS_AS(conv.forward(Tensor<float>({4, 4, 2}), saved, context), Error);
  const Tensor<float> x({2, 4, 4, 2});
  conv.forward(x, saved, context);
  CHECK_THROWS_AS(conv.backward(Tensor<float>({2, 4, 4, 2}), saved, context), Error);
  const nn::Linear<float> linear(4, 2);
  CHECK_THROWS_AS(linear.infer(Tensor<float>({3, 5}), context), Error);
  const nn::GlobalAveragePool<float> pool;
  CHECK_THROWS_AS(pool.infer(Tensor<float>({3, 5}), context), Error);
}

TEST_CASE("initial weights have their distributions", "[layers]") {
  nn::Conv2d<float> conv({.in_channels = 64, .out_channels = 128, .kernel = 3});
  nn::DepthwiseConv2d<float> depthwise({.channels = 2000, .kernel = 3});
  nn::Linear<float> linear(400, 100);
  nn::initialize(conv, 1), nn::initialize(depthwise, 1), nn::initialize(linear, 1);
  const auto deviation = [](const Tensor<float>& t) {
    double square = 0.0;
    for (const float v : t) square += static_cast<double>(v * v);
    return std::sqrt(square / static_cast<double>(t.size()));
  };
  CHECK(deviation(conv.weight.value()) == Approx(std::sqrt(2.0 / (9 * 128))).epsilon(0.02));
  CHECK(deviation(depthwise.weight.value()) == Approx(std::sqrt(2.0 / 9)).epsilon(0.02));
  CHECK(deviation(linear.weight.value()) == Approx(1.0 / 20.0 / std::sqrt(3.0)).epsilon(0.02));
  CHECK(testing::largest(linear.weight.value()) <= 1.0 / 20.0);
  CHECK(testing::largest(linear.bias.value()) == 0.0);
}

TEST_CASE("batch norm needs two values per channel in training, one in inference", "[layers]") {
  nn::BatchNorm<float> bn({.channels = 3});
  nn::Context<float> context(1);
  nn::BatchNorm<float>::Saved saved;
  const Tensor<float> one = Tensor<float>::filled({1, 1, 1, 3}, 2.0F);
  CHECK_THROWS_AS(bn.forward(one, saved, context), Error);
  CHECK(bn.infer(one, context)[0] == Approx(2.0 / std::sqrt(1.001)));
}

TEST_CASE("frozen statistics are used and not tracked", "[layers]") {
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

TEST_CASE("drop path drops whole samples at its rate and keeps the mean", "[layers]") {
  nn::DropPath<float> layer(0.3);
  nn::Context<float> context(1, 5);
  nn::DropPath<float>::Saved saved;
  const Tensor<float> x = Tensor<float>::filled({5000, 1, 1, 2}, 1.0F);
  context.begin_step(1);
  const Tensor<float> y = layer.forward(x, saved, context);
  double sum = 0.0;
  std::int64_t dropped = 0;
  for (std::int64_t n = 0; n < 5000; ++n) {
    REQUIRE(y(n, 0, 0, 0) == y(n, 0, 0, 1));
    REQUIRE((y(n, 0, 0, 0) == 0.0F || y(n, 0, 0, 0) == Approx(1.0 / 0.7)));
    dropped += y(n, 0, 0, 0) == 0.0F ? 1 : 0;
    sum += static_cast<double>(y(n, 0, 0, 0));
  }
  CHECK(static_cast<double>(dropped) / 5000 == Approx(0.3).margin(0.02));
  CHECK(sum / 5000 == Approx(1.0).margin(0.03));
  CHECK(testing::largest_difference(layer.infer(x, context), x) == 0.0);
  // The same step draws the same, the next step and the next layer do not.
  context.begin_step(1);
  CHECK(testing::largest_difference(layer.forward(x, saved, context), y) == 0.0);
  CHECK(testing::largest_difference(layer.forward(x, saved, context), y) > 0.0);
  context.begin_step(2);
  CHECK(testing::largest_difference(layer.forward(x, saved, context), y) > 0.0);
  CHECK(nn::DropPath<float>::scheduled_rate(0.2, 5, 10) == Approx(0.1));
}

TEST_CASE("dropout drops single numbers at its rate and keeps the mean", "[layers]") {
  nn::Dropout<float> layer(0.25);
  nn::Context<float> context(1, 5);
  nn::Dropout<float>::Saved saved;
  const Tensor<float> x = Tensor<float>::filled({100, 100}, 1.0F);
  const Tensor<float> y = layer.forward(x, saved, context);
  double sum = 0.0;
  std::int64_t dropped = 0;
  for (const float v : y) sum += static_cast<double>(v), dropped += v == 0.0F ? 1 : 0;
  CHECK(static_cast<double>(dropped) / 10000 == Approx(0.25).margin(0.015));
  CHECK(sum / 10000 == Approx(1.0).margin(0.02));
  CHECK(testing::largest_difference(layer.infer(x, context), x) == 0.0);
  nn::Dropout<float> none(0.0);
  CHECK(testing::largest_difference(none.forward(x, saved, context), x) == 0.0);
}

TEST_CASE("squeeze-and-excitation equals its definition", "[layers]") {
  Dice dice(701);
  nn::SqueezeExcite<double> se(5, 3);
  nn::initialize(se, 2);
  for (double& v : se.reduce.bias.edit()) v = dice.uniform(-1.0, 1.0);
  nn::Context<double> context(1);
  const Tensor<double> x = dice.tensor<double>({2, 3, 2, 5});
  const Tensor<double> y = se.infer(x, context);
  for (std::int64_t n = 0; n < 2; ++n) {
    double hidden[3];
    for (std::int64_t j = 0; j < 3; ++j) {
      double sum = se.reduce.bias.value()[j];
      for (std::int64_t c = 0; c < 5; ++c) {
        double mean = 0.0;
        for (std::int64_t p = 0; p < 6; ++p) mean += x(n, p / 2, p % 2, c) / 6.0;
        sum += mean * se.reduce.weight.value()(c, j);
      }
      hidden[j] = sum / (1.0 + std::exp(-sum));
    }
    for (std::int64_t c = 0; c < 5; ++c) {
      double sum = se.expand.bias.value()[c];
      for (std::int64_t j = 0; j < 3; ++j) sum += hidden[j] * se.expand.weight.value()(j, c);
      const double scale = 1.0 / (1.0 + std::exp(-sum));
      CHECK(y(n, 2, 1, c) == Approx(x(n, 2, 1, c) * scale).epsilon(1e-10));
    }
  }
}

TEST_CASE("blocks have a residual only where shapes allow one, and may start as the identity",
          "[layers]") {
  CHECK(nn::MBConv<float>({.in_channels = 8, .out_channels = 8}).residual);
  CHECK_FALSE(nn::MBConv<float>({.in_channels = 8, .out_channels = 8, .stride = 2}).residual);
  CHECK_FALSE(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 9}).residual);
  CHECK_FALSE(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 1}).project);
  CHECK_FALSE(nn::MBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 1}).expand);

  Dice dice(702);
  const nn::BlockDefaults identity{.branch_gamma = 0.0};
  nn::Context<float> context(1);
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 8});
  for (const std::int64_t expand : {1, 4}) {
    const nn::BlockOptions o{.in_channels = 8, .out_channels = 8, .expand = expand};
    nn::MBConv<float> mb(o, identity);
    nn::FusedMBConv<float> fused(o, identity);
    nn::initialize(mb, 1), nn::initialize(fused, 1);
    CHECK(testing::largest_difference(mb.infer(x, context), x) == 0.0);
    CHECK(testing::largest_difference(fused.infer(x, context), x) == 0.0);
  }
}
