#include <effv2/nn/fused_mbconv.hpp>
#include <effv2/nn/mbconv.hpp>
#include <type_traits>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::mbconv_test {

using testing::Dice;

TEST_CASE("mbconv has a residual only where shapes allow one", "[mbconv]") {
  CHECK(nn::MBConv<float>({.in_channels = 8, .out_channels = 8}).residual);
  CHECK_FALSE(nn::MBConv<float>({.in_channels = 8, .out_channels = 8, .stride = 2}).residual);
  CHECK_FALSE(nn::MBConv<float>({.in_channels = 8, .out_channels = 9}).residual);
  CHECK_FALSE(nn::MBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 1}).expand);
}

TEST_CASE("mbconv may start as the identity", "[mbconv]") {
  Dice dice(702);
  nn::Context<float> context(1);
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 8});
  for (const std::int64_t expand : {1, 4}) {
    nn::MBConv<float> layer({.in_channels = 8, .out_channels = 8, .expand = expand},
                            {.branch_gamma = 0.0});
    nn::initialize(layer, 1);
    CHECK(testing::largest_difference(layer.infer(x, context), x) == 0.0);
  }
}

TEST_CASE("mbconv that reads the data returns no gradient of it", "[mbconv]") {
  Dice dice(704);
  nn::Context<float> context(1);
  const Tensor<float> x = dice.tensor<float>({2, 5, 5, 8});
  nn::MBConv<float> layer({.in_channels = 8, .out_channels = 8});
  nn::initialize(layer, 1);
  nn::MBConv<float>::Saved saved;
  context.begin_step(0, x);
  const Tensor<float> y = layer.forward(x, saved, context);
  CHECK(layer.backward(y, saved, context).empty());
}

TEST_CASE("mbconv has no residual where the padding changes the size", "[mbconv]") {
  using nn::Padding;
  Dice dice(722);
  nn::Context<float> context(1);
  const auto check = [&](auto block, std::int64_t kernel, Padding padding, bool expected) {
    using Block = typename decltype(block)::type;
    CAPTURE(kernel, static_cast<int>(padding));
    Block layer({.in_channels = 8, .out_channels = 8, .kernel = kernel}, {.padding = padding});
    nn::initialize(layer, 1);
    CHECK(layer.residual == expected);
    const Tensor<float> x = dice.tensor<float>({2, 6, 6, 8});
    typename Block::Saved saved;
    const Tensor<float> y = layer.forward(x, saved, context);
    CHECK((y.shape() == x.shape()) == expected);
    CHECK(layer.infer(x, context).shape() == y.shape());
    CHECK(layer.backward(y, saved, context).shape() == x.shape());
  };
  const auto check_both = [&](std::int64_t kernel, Padding padding, bool expected) {
    check(std::type_identity<nn::MBConv<float>>{}, kernel, padding, expected);
    check(std::type_identity<nn::FusedMBConv<float>>{}, kernel, padding, expected);
  };
  check_both(3, Padding::symmetric, true);
  check_both(3, Padding::same, true);
  check_both(4, Padding::same, true);
  check_both(1, Padding::valid, true);
  check_both(3, Padding::valid, false);
  check_both(4, Padding::symmetric, false);
}

TEST_CASE("blocks refuse a backward without its forward, and a second one", "[mbconv]") {
  nn::Context<float> context(1);
  const auto check = [&](auto layer) {
    nn::initialize(layer, 1);
    const Tensor<float> x = Dice(723).tensor<float>({2, 4, 4, 8});
    typename decltype(layer)::Saved saved;
    CHECK_THROWS_AS(layer.backward(x, saved, context), Error);
    layer.forward(x, saved, context);
    layer.backward(x, saved, context);
    CHECK_THROWS_AS(layer.backward(x, saved, context), Error);
  };
  check(nn::MBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 4}));
  check(nn::MBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 1}));
  check(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 4}));
  check(nn::FusedMBConv<float>({.in_channels = 8, .out_channels = 8, .expand = 1}));
}

}  // namespace effv2::mbconv_test
