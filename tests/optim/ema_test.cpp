#include <effv2/nn/batch_norm.hpp>
#include <effv2/optim/ema.hpp>

#include "../catch.hpp"

namespace effv2::ema_test {

TEST_CASE("the average follows weights and statistics, and swaps with them", "[ema]") {
  nn::BatchNorm<double> layer({19});
  layer.weight.edit().fill(1.0);
  layer.running_mean.edit().fill(4.0);
  optim::Ema<double> ema(layer, 0.5);
  double weight = 1.0, mean = 4.0;
  for (int t = 0; t < 20; ++t) {
    layer.weight.edit().fill(1.0 + t);
    layer.running_mean.edit().fill(4.0 - t);
    ema.update(Execution(2));
    const double d = std::min(0.5, (1.0 + t) / (10.0 + t));
    weight = d * weight + (1.0 - d) * (1.0 + t);
    mean = d * mean + (1.0 - d) * (4.0 - t);
  }
  const std::uint64_t version = layer.weight.version();
  ema.swap();
  CHECK(layer.weight.version() > version);
  CHECK(layer.weight.value()[18] == Approx(weight).epsilon(1e-12));
  CHECK(layer.running_mean.value()[0] == Approx(mean).epsilon(1e-12));
  ema.swap();
  CHECK(layer.weight.value()[0] == 20.0);
  CHECK(layer.running_mean.value()[18] == -15.0);
  CHECK_THROWS_AS(optim::Ema<double>(layer, 1.0), Error);
  layer = nn::BatchNorm<double>({20});
  CHECK_THROWS_WITH(ema.update(Execution(1)), Catch::Contains("has 20 numbers, and had 19"));
}

}  // namespace effv2::ema_test
