#include <effv2/optim/adamw.hpp>

#include "updates_support.hpp"

using namespace effv2;

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
