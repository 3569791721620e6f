#include <effv2/nn/drop_path.hpp>
#include <effv2/nn/dropout.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::drop_gradient_test {

using namespace effv2::testing;

namespace {

template <class Layer>
void check(const char* name, std::uint32_t stream) {
  Dice dice(stream);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    Layer layer(dice.uniform(0.0, 0.9));
    const Tensor<double> x = dice.tensor<double>(
        {dice.between(1, 9), dice.between(1, 3), dice.between(1, 3), dice.between(1, 9)});
    const double error = gradient_error(layer, Tensor<double>(x), dice);
    CAPTURE(i, x.shape().to_string(), layer.rate, error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  report_gradient(name, gradient_shapes, worst);
}

}  // namespace

TEST_CASE("gradients of drop path and dropout", "[drop_path][dropout][gradient]") {
  check<nn::DropPath<double>>("drop_path", 111);
  check<nn::Dropout<double>>("dropout", 112);
}

}  // namespace effv2::drop_gradient_test
