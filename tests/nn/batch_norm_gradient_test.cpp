#include <effv2/nn/batch_norm.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::batch_norm_gradient_test {

using namespace effv2::testing;
using nn::ActivationKind;

namespace {

// Training statistics or frozen ones, smooth activations, at least four values per channel.
double worst_error(bool frozen, std::uint32_t stream) {
  Dice dice(stream);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    const ActivationKind smooth[] = {ActivationKind::identity, ActivationKind::silu,
                                     ActivationKind::sigmoid};
    nn::BatchNorm<double> layer({dice.between(1, 40), smooth[dice.between(0, 2)]});
    nn::initialize(layer, 1);
    for (double& v : layer.weight.edit()) v = dice.uniform(-1.5, 1.5);
    for (double& v : layer.bias.edit()) v = dice.uniform(-1.0, 1.0);
    for (double& v : layer.running_mean.edit()) v = dice.uniform(-1.0, 1.0);
    for (double& v : layer.running_var.edit()) v = dice.uniform(0.3, 2.0);
    layer.running_mean.frozen = layer.running_var.frozen = frozen;
    const std::int64_t batch = dice.between(1, 5);
    const std::int64_t least = (4 + batch - 1) / batch;
    const Tensor<double> x = dice.tensor<double>(
        {batch, dice.between(least, least + 3), dice.between(1, 4), layer.options.channels}, -2.0,
        3.0);
    const double error = gradient_error(layer, Tensor<double>(x), dice);
    CAPTURE(i, x.shape().to_string(), kernels::name_of(layer.options.activation), error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  return worst;
}

}  // namespace

TEST_CASE("gradients of batch norm with the batch's statistics", "[batch_norm][gradient]") {
  report_gradient("batch_norm", gradient_shapes, worst_error(false, 102));
}

TEST_CASE("gradients of batch norm with fixed statistics", "[batch_norm][gradient]") {
  report_gradient("batch_norm fixed", gradient_shapes, worst_error(true, 103));
}

}  // namespace effv2::batch_norm_gradient_test
