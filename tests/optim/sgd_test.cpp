#include <effv2/optim/sgd.hpp>

#include "updates_support.hpp"

namespace effv2::sgd_test {

TEST_CASE("SGD follows its equations", "[sgd]") {
  for (const bool nesterov : {false, true}) {
    testing::check_updates(
        [&](auto& layer) {
          return optim::Sgd<double>(layer,
                                    {.momentum = 0.8, .nesterov = nesterov, .weight_decay = 0.1});
        },
        0.05, 0.0,
        [&](double& w, double g, double& m, double&, bool decays, int) {
          if (decays) g += 0.1 * w;
          m = 0.8 * m + g;
          w -= 0.05 * (nesterov ? g + 0.8 * m : m);
        });
  }
}

}  // namespace effv2::sgd_test
