#include <cmath>
#include <effv2/data/mixup.hpp>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::mixup_test {

using namespace effv2::data;

TEST_CASE("weights are distributed as Beta(alpha, alpha)", "[data][mixup]") {
  for (const double alpha : {0.05, 0.2, 0.5, 1.0}) {
    constexpr int count = 20000;
    double sum = 0.0, squares = 0.0;
    int below = 0;
    for (std::uint32_t sample = 0; sample < count; ++sample) {
      const double weight = symmetric_beta(alpha, {1, 2, 3}, sample, 0);
      REQUIRE(weight >= 0.0);
      REQUIRE(weight <= 1.0);
      sum += weight - 0.5, squares += (weight - 0.5) * (weight - 0.5);
      below += weight < 0.25 ? 1 : 0;
    }
    CHECK(sum / count == Approx(0.0).margin(0.015));
    CHECK(squares / count == Approx(1.0 / (4.0 * (2.0 * alpha + 1.0))).epsilon(0.03));
    if (alpha == 1.0) CHECK(below == Approx(count / 4).epsilon(0.05));  // uniform
  }
  CHECK(symmetric_beta(0.2, {1, 2, 3}, 4, 0) == symmetric_beta(0.2, {1, 2, 3}, 4, 0));
  CHECK(symmetric_beta(0.2, {1, 2, 3}, 4, 0) != symmetric_beta(0.2, {1, 2, 4}, 4, 0));
}

TEST_CASE("rows meet those from the other end", "[data][mixup]") {
  testing::Dice dice(77);
  for (const std::int64_t count : {1, 2, 5, 8}) {
    const Tensor<double> x = dice.tensor<double>({count, 2, 3});
    Tensor<double> mixed(x);
    std::vector<float> weights;
    for (std::int64_t n = 0; n < count; ++n) {
      weights.push_back(static_cast<float>(dice.uniform(0.5, 1.0)));
    }
    mix_rows<double>(mixed, weights);
    for (std::int64_t n = 0; n < count; ++n) {
      const auto w = static_cast<double>(weights[static_cast<std::size_t>(n)]);
      for (std::int64_t i = 0; i < 6; ++i) {
        const double expected = w * x[6 * n + i] + (1.0 - w) * x[6 * (count - 1 - n) + i];
        REQUIRE(mixed[6 * n + i] == Approx(expected));
      }
    }
    weights.push_back(0.5F);
    CHECK_THROWS_AS(mix_rows<double>(mixed, weights), Error);
    CHECK_THROWS_AS(mix_rows<double>(mixed, {}), Error);
  }
}

}  // namespace effv2::mixup_test
