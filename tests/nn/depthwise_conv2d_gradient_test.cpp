#include <effv2/nn/depthwise_conv2d.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::depthwise_conv2d_gradient_test {

using namespace effv2::testing;

TEST_CASE("gradients of depthwise convolution", "[depthwise_conv2d][gradient]") {
  Dice dice(101);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    nn::DepthwiseConv2d<double> layer({dice.between(1, 40), 1 + 2 * dice.between(1, 3),
                                       dice.between(1, 2),
                                       dice.coin() ? nn::Padding::symmetric : nn::Padding::same});
    nn::initialize(layer, static_cast<std::uint64_t>(i));
    const Tensor<double> x = dice.tensor<double>(
        {dice.between(1, 3), dice.between(1, 7), dice.between(1, 7), layer.options.channels});
    const double error = gradient_error(layer, Tensor<double>(x), dice);
    CAPTURE(i, x.shape().to_string(), layer.options.kernel, layer.options.stride, error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  report_gradient("depthwise_conv2d", gradient_shapes, worst);
}

}  // namespace effv2::depthwise_conv2d_gradient_test
