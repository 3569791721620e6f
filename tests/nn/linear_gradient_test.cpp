#include <effv2/nn/linear.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::linear_gradient_test {

using namespace effv2::testing;

TEST_CASE("gradients of the linear layer", "[linear][gradient]") {
  Dice dice(105);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    nn::Linear<double> layer(dice.between(1, 30), dice.between(1, 40));
    nn::initialize(layer, static_cast<std::uint64_t>(i));
    const Tensor<double> x = dice.tensor<double>({dice.between(1, 20), layer.in()});
    const double error = gradient_error(layer, Tensor<double>(x), dice);
    CAPTURE(i, x.shape().to_string(), layer.out(), error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  report_gradient("linear", gradient_shapes, worst);
}

}  // namespace effv2::linear_gradient_test
