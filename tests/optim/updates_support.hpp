// Drives one optimiser and a scalar rewriting of its equations side by side.
#pragma once

#include <cmath>
#include <effv2/nn/linear.hpp>
#include <functional>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::testing {

/// update(w, g, first, second, decays, t): one number's update, in double.
using ScalarUpdate =
    std::function<void(double& w, double g, double& first, double& second, bool decays, int t)>;

/// Six steps on a layer with vector tails; `second` is where the second moment starts.
template <class MakeOptimizer>
void check_updates(MakeOptimizer make, double rate, double second, const ScalarUpdate& update) {
  nn::Linear<double> linear(5, 7);
  nn::initialize(linear, 1);
  auto optimizer = make(linear);
  Dice dice(410);
  std::vector<double> w(linear.weight.value().begin(), linear.weight.value().end());
  std::vector<double> b(linear.bias.value().begin(), linear.bias.value().end());
  std::vector<double> wf(35, 0.0), ws(35, second), bf(7, 0.0), bs(7, second);
  for (int t = 1; t <= 6; ++t) {
    linear.weight.gradient() = dice.tensor<double>({5, 7});
    linear.bias.gradient() = dice.tensor<double>({7});
    for (std::size_t i = 0; i < 35; ++i) {
      update(w[i], linear.weight.gradient()[static_cast<std::int64_t>(i)], wf[i], ws[i], true, t);
    }
    for (std::size_t i = 0; i < 7; ++i) {
      update(b[i], linear.bias.gradient()[static_cast<std::int64_t>(i)], bf[i], bs[i], false, t);
    }
    optimizer.step(rate, Execution(2));
    for (std::int64_t i = 0; i < 35; ++i) {
      REQUIRE(linear.weight.value()[i] == Approx(w[static_cast<std::size_t>(i)]).epsilon(1e-12));
    }
    for (std::int64_t i = 0; i < 7; ++i) {
      REQUIRE(linear.bias.value()[i] == Approx(b[static_cast<std::size_t>(i)]).epsilon(1e-12));
    }
  }
}

}  // namespace effv2::testing
