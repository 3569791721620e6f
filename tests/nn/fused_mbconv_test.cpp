#include <effv2/nn/fused_mbconv.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::fused_mbconv_test {

using testing::Dice;

TEST_CASE("fused_mbconv has a residual only where shapes allow one", "[fused_mbconv]") {
  CHECK(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 8}).residual);
  CHECK_FALSE(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 8, .stride = 2}).residual);
  CHECK_FALSE(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 9}).residual);
  CHECK_FALSE(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 1}).project);
}

TEST_CASE("fused_mbconv may start as the identity", "[fused_mbconv]") {
  Dice dice(702);
  nn::Context<float> context(1);
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 8});
  for (const std::int64_t expand : {1, 4}) {
    nn::FusedMBConv<float> layer({.in_channels = 8, .out_channels = 8, .expand = expand},
                                 {.branch_gamma = 0.0});
    nn::initialize(layer, 1);
    CHECK(testing::largest_difference(layer.infer(x, context), x) == 0.0);
  }
}

TEST_CASE("fused_mbconv that reads the data returns no gradient of it", "[fused_mbconv]") {
  Dice dice(704);
  nn::Context<float> context(1);
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 8});
  nn::FusedMBConv<float> layer({.in_channels = 8, .out_channels = 8});
  nn::initialize(layer, 1);
  nn::FusedMBConv<float>::Saved saved;
  context.begin_step(0, x);
  const Tensor<float> y = layer.forward(x, saved, context);
  CHECK(layer.backward(y, saved, context).empty());
}

TEST_CASE("fused_mbconv refuses what is no picture of its channels", "[fused_mbconv]") {
  nn::Context<float> context(1);
  nn::FusedMBConv<float> layer({.in_channels = 8, .out_channels = 8, .drop_path = 0.5});
  nn::initialize(layer, 1);
  nn::FusedMBConv<float>::Saved saved;
  const Tensor<float> flat({2, 8}), other({2, 5, 5, 7});
  for (const Tensor<float>* x : {&flat, &other}) {
    CHECK_THROWS_WITH(layer.forward(*x, saved, context), Catch::Contains("conv2d"));
  }
}

}  // namespace effv2::fused_mbconv_test
