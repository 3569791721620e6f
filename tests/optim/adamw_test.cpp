#include <effv2/optim/adamw.hpp>

#include "../support/compare.hpp"
#include "updates_support.hpp"

namespace effv2::adamw_test {

TEST_CASE("AdamW follows its equations", "[adamw]") {
  testing::check_updates(
      [](auto& layer) {
        return optim::AdamW<double>(
            layer, {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-4, .weight_decay = 0.1});
      },
      0.05, 0.0,
      [](double& w, double g, double& m, double& v, bool decays, int t) {
        m = 0.8 * m + 0.2 * g;
        v = 0.95 * v + 0.05 * g * g;
        const double m_hat = m / (1.0 - std::pow(0.8, t));
        const double v_hat = v / (1.0 - std::pow(0.95, t));
        w -= 0.05 * (m_hat / (std::sqrt(v_hat) + 1e-4) + (decays ? 0.1 * w : 0.0));
      });
}

TEST_CASE("a parameter that was frozen at first begins like any other", "[adamw]") {
  nn::Linear<double> early(2, 2), late(2, 2);
  nn::initialize(early, 1), nn::initialize(late, 1);
  optim::AdamW<double> one(early), other(late);
  const auto step = [](nn::Linear<double>& layer, optim::AdamW<double>& optimizer) {
    nn::for_each_parameter(layer, [](const std::string&, auto& p) { p.gradient().fill(0.5); });
    optimizer.step(0.01, Execution(1));
  };
  late.weight.frozen = true;
  for (int i = 0; i < 100; ++i) step(late, other);
  late.weight.frozen = false;
  for (int i = 0; i < 5; ++i) step(early, one), step(late, other);
  CHECK(testing::largest_difference(late.weight.value(), early.weight.value()) == 0.0);
}

}  // namespace effv2::adamw_test
