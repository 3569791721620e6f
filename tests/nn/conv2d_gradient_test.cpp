#include <effv2/nn/conv2d.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::conv2d_gradient_test {

using namespace effv2::testing;

TEST_CASE("gradients of convolution", "[conv2d][gradient]") {
  Dice dice(100);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    const std::int64_t kernel = dice.between(1, 5);
    nn::Conv2d<double> layer({dice.between(1, 7), dice.between(1, 20), kernel, dice.between(1, 3),
                              dice.coin() ? nn::Padding::symmetric : nn::Padding::same,
                              dice.coin()});
    nn::initialize(layer, static_cast<std::uint64_t>(i));
    // An even kernel pads by k / 2 on both sides: any picture of one pixel or more will do.
    const Tensor<double> x = dice.tensor<double>(
        {dice.between(1, 4), dice.between(1, 6), dice.between(1, 6), layer.options.in_channels});
    const double error = gradient_error(layer, Tensor<double>(x), dice);
    CAPTURE(i, x.shape().to_string(), kernel, layer.options.stride, error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  report_gradient("conv2d", gradient_shapes, worst);
}

}  // namespace effv2::conv2d_gradient_test
