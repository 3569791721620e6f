#include <effv2/optim/rmsprop.hpp>

#include "updates_support.hpp"

namespace effv2::rmsprop_test {

TEST_CASE("RMSProp follows its equations", "[rmsprop]") {
  testing::check_updates(
      [](auto& layer) {
        return optim::Rmsprop<double>(
            layer, {.rho = 0.9, .momentum = 0.7, .epsilon = 1e-3, .weight_decay = 0.01});
      },
      0.05, 1.0,
      [](double& w, double g, double& m, double& s, bool decays, int) {
        if (decays) g += 0.01 * w;
        s = 0.9 * s + 0.1 * g * g;
        m = 0.7 * m + 0.05 * g / std::sqrt(s + 1e-3);
        w -= m;
      });
}

}  // namespace effv2::rmsprop_test
