#include <effv2/nn/squeeze_excite.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::squeeze_excite_gradient_test {

using namespace effv2::testing;

TEST_CASE("gradients of squeeze-and-excitation", "[squeeze_excite][gradient]") {
  Dice dice(106);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    nn::SqueezeExcite<double> layer(dice.between(1, 30), dice.between(1, 10));
    nn::initialize(layer, static_cast<std::uint64_t>(i));
    for (double& v : layer.reduce.bias.edit()) v = dice.uniform(-1.0, 1.0);
    for (double& v : layer.expand.bias.edit()) v = dice.uniform(-1.0, 1.0);
    const Tensor<double> x = dice.tensor<double>(
        {dice.between(1, 4), dice.between(1, 5), dice.between(1, 5), layer.reduce.in()});
    const double error = gradient_error(layer, Tensor<double>(x), dice);
    CAPTURE(i, x.shape().to_string(), layer.reduce.out(), error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  report_gradient("squeeze_excite", gradient_shapes, worst);
}

}  // namespace effv2::squeeze_excite_gradient_test
