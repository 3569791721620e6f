#include <cmath>
#include <effv2/optim/schedule.hpp>
#include <limits>

#include "../catch.hpp"

namespace effv2::schedule_test {

using namespace effv2::optim;

TEST_CASE("warm-up is linear and ends at the base rate", "[schedule]") {
  const Schedule s{.kind = ScheduleKind::constant, .base = 0.4, .warmup_steps = 4};
  CHECK(s.at(0) == Approx(0.1));
  CHECK(s.at(1) == Approx(0.2));
  CHECK(s.at(3) == Approx(0.4));
  CHECK(s.at(1000) == Approx(0.4));
}

TEST_CASE("cosine goes from base to floor", "[schedule]") {
  const Schedule s{.base = 1.0, .warmup_steps = 10, .total_steps = 110, .floor = 0.1};
  CHECK(s.at(10) == Approx(1.0));
  CHECK(s.at(60) == Approx(0.55));
  CHECK(s.at(110) == Approx(0.1));
  CHECK(s.at(500) == Approx(0.1));
}

TEST_CASE("exponential decays in stairs", "[schedule]") {
  const Schedule s{
      .kind = ScheduleKind::exponential, .base = 1.0, .warmup_steps = 5, .decay_steps = 24};
  CHECK(s.at(4) == Approx(1.0));
  CHECK(s.at(5) == Approx(1.0));
  // The warm-up's steps count.
  CHECK(s.at(23) == Approx(1.0));
  CHECK(s.at(24) == Approx(0.97));
  CHECK(s.at(48) == Approx(0.97 * 0.97));
  // The paper's 2.4 epochs, where an epoch has two steps: after 4.8, 9.6, 14.4 ...
  const Schedule of_two{.kind = ScheduleKind::exponential, .base = 1.0, .decay_steps = 4.8};
  CHECK(of_two.at(4) == 1.0);
  CHECK(of_two.at(5) == Approx(0.97));
  CHECK(of_two.at(9) == Approx(0.97));
  CHECK(of_two.at(10) == Approx(0.97 * 0.97));
}

TEST_CASE("schedules that cannot be are refused", "[schedule]") {
  CHECK_THROWS_AS((Schedule{.base = 0.0}.at(0)), Error);
  CHECK_THROWS_AS((Schedule{.warmup_steps = -1}.at(0)), Error);
  CHECK_THROWS_AS((Schedule{.decay_steps = 0.0}.at(0)), Error);
  const double nan = std::nan("");
  for (const double bad : {nan, std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS((Schedule{.base = bad}.at(0)), Error);
    CHECK_THROWS_AS((Schedule{.decay_steps = bad}.at(0)), Error);
  }
  for (const double bad : {nan, -0.1, 1.1}) {
    CHECK_THROWS_AS((Schedule{.floor = bad}.at(0)), Error);
    CHECK_THROWS_AS((Schedule{.decay = bad}.at(0)), Error);
  }
}

}  // namespace effv2::schedule_test
