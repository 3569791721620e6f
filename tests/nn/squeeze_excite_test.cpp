#include <cmath>
#include <effv2/nn/squeeze_excite.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::squeeze_excite_test {

using testing::Dice;

TEST_CASE("squeeze-and-excitation equals its definition", "[squeeze_excite]") {
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

}  // namespace effv2::squeeze_excite_test
