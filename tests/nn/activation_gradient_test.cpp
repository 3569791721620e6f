#include <effv2/nn/activation.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::activation_gradient_test {

using namespace effv2::testing;
using nn::ActivationKind;

TEST_CASE("gradients of activations", "[activation][gradient]") {
  Dice dice(104);
  for (const ActivationKind kind :
       {ActivationKind::identity, ActivationKind::relu, ActivationKind::silu,
        ActivationKind::sigmoid, ActivationKind::hard_swish}) {
    double worst = 0.0;
    for (int i = 0; i < gradient_shapes; ++i) {
      nn::Activation<double> layer{kind};
      Tensor<double> x = dice.tensor<double>({dice.between(1, 4), dice.between(1, 60)}, -6.0, 6.0);
      // Away from the kinks of relu (0) and hard-swish (-3, 3).
      for (double& v : x) {
        for (const double kink : {-3.0, 0.0, 3.0}) {
          if (std::abs(v - kink) < 1e-3) v = kink + 1e-3;
        }
      }
      const double error = gradient_error(layer, Tensor<double>(x), dice);
      CAPTURE(i, x.shape().to_string(), kernels::name_of(kind), error);
      REQUIRE(error <= gradient_tolerance);
      worst = std::max(worst, error);
    }
    report_gradient(std::string(kernels::name_of(kind)).c_str(), gradient_shapes, worst);
  }
}

}  // namespace effv2::activation_gradient_test
