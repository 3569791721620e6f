#include <cmath>
#include <effv2/search/reward.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::reward_test {

using search::Objectives;
using search::pareto_front;
using search::reward;

TEST_CASE("the reward is A S^-0.07 P^-0.05", "[reward]") {
  CHECK(reward(0.9, 1.0, 1.0) == 0.9);
  CHECK(reward(0.5, 2.0, 1.0) == Approx(0.5 * 0.952638));
  CHECK(reward(0.5, 1.0, 2.0) == Approx(0.5 * 0.965936));
  CHECK(reward(1.0, 4.0, 8.0) == Approx(std::exp(-0.07 * std::log(4.0) - 0.05 * std::log(8.0))));
  CHECK(reward(1.0, 2.0, 3.0, {.step_time = -1.0, .parameters = 0.0}) == 0.5);
  CHECK(reward(0.0, 0.5, 0.5) == 0.0);
  // From 98 % to 99.5 % pays for 1.24 times the step time, and no more.
  CHECK(reward(0.995, 1.24, 1.0) > reward(0.98, 1.0, 1.0));
  CHECK(reward(0.995, 1.25, 1.0) < reward(0.98, 1.0, 1.0));
}

TEST_CASE("a reward of numbers that are none is refused", "[reward]") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {-0.1, 1.1, inf, nan}) CHECK_THROWS_AS(reward(bad, 1.0, 1.0), Error);
  for (const double bad : {0.0, -1.0, inf, nan}) {
    CHECK_THROWS_AS(reward(0.5, bad, 1.0), Error);
    CHECK_THROWS_AS(reward(0.5, 1.0, bad), Error);
    if (std::isfinite(bad)) continue;
    CHECK_THROWS_AS(reward(0.5, 1.0, 1.0, {.step_time = bad}), Error);
    CHECK_THROWS_AS(reward(0.5, 1.0, 1.0, {.parameters = bad}), Error);
  }
}

TEST_CASE("the front holds what nothing dominates", "[reward]") {
  const std::vector<Objectives> all = {
      {0.90, 1.0, 100},  // dominated by the next
      {0.95, 1.0, 100},  //
      {0.95, 0.5, 200},  // faster, larger
      {0.80, 0.5, 90},   // smallest
      {0.99, 9.0, 900},  // most accurate
      {0.99, 9.0, 900},  // its equal
      {0.98, 9.0, 901},  // dominated by both
  };
  CHECK(pareto_front(all) == std::vector<std::size_t>{1, 2, 3, 4, 5});
  CHECK(pareto_front({}).empty());
  const std::vector<Objectives> bad = {{0.5, std::nan(""), 1.0}};
  CHECK_THROWS_AS(pareto_front(bad), Error);
}

TEST_CASE("everything outside of the front is dominated by something on it", "[reward]") {
  testing::Dice dice(5);
  for (int round = 0; round < testing::sweep(50); ++round) {
    std::vector<Objectives> all;
    for (int i = 0; i < 30; ++i) {
      all.push_back({dice.uniform(0, 1), std::floor(dice.uniform(1, 6)), dice.uniform(1, 9)});
    }
    const std::vector<std::size_t> front = pareto_front(all);
    std::vector<bool> on_front(all.size());
    for (const std::size_t i : front) on_front[i] = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
      bool dominated = false;
      for (const std::size_t f : front) dominated |= all[f].dominates(all[i]);
      CHECK(dominated == !on_front[i]);
    }
  }
}

}  // namespace effv2::reward_test
