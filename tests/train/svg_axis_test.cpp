#include <cmath>
#include <effv2/train/svg_axis.hpp>
#include <limits>
#include <random>

#include "../catch.hpp"

namespace effv2::svg_axis_test {

using namespace effv2::train::svg;

namespace {

using Values = std::vector<double>;

const Axis linear{}, logarithmic{.scale = Scale::logarithmic};

void check(const Values& found, const Values& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]));
}

}  // namespace

TEST_CASE("the smallest value is at the beginning, the largest at the end", "[svg]") {
  const Ruler ruler(linear, {3.0, 1.0, 2.0}, 10.0, 30.0);
  CHECK(ruler(1.0) == Approx(10.0));
  CHECK(ruler(1.5) == Approx(15.0));
  CHECK(ruler(3.0) == Approx(30.0));
  const Ruler falling({.is_falling = true}, {1.0, 3.0}, 10.0, 30.0);
  CHECK(falling(1.0) == Approx(30.0));
  CHECK(falling(3.0) == Approx(10.0));
  const Ruler from_zero({.includes_zero = true}, {1.0, 2.0}, 10.0, 30.0);
  CHECK(from_zero(0.0) == Approx(10.0));
  CHECK(from_zero(1.0) == Approx(20.0));
}

TEST_CASE("factors are equally long on a logarithmic axis", "[svg]") {
  const Ruler ruler(logarithmic, {0.01, 100.0}, 0.0, 40.0);
  CHECK(ruler(0.1) == Approx(10.0));
  CHECK(ruler(1.0) == Approx(20.0));
  CHECK_FALSE(ruler.shows(0.0));
  CHECK_FALSE(ruler.shows(-1.0));
}

TEST_CASE("a single value, equal values or none have a place too", "[svg]") {
  for (const Axis& axis : {linear, logarithmic}) {
    for (const Values& values : {Values{5.0}, Values{5.0, 5.0}, Values{1.0}, Values{1e-9}}) {
      const Ruler ruler(axis, values, 0.0, 100.0);
      CHECK(ruler(values[0]) == Approx(50.0));
      CHECK_FALSE(ruler.ticks(5).empty());
    }
    CHECK(Ruler(axis, {}, 0.0, 100.0).ticks(5).size() >= 2);
  }
  CHECK(Ruler(linear, {0.0}, 0.0, 100.0)(0.0) == Approx(50.0));
  CHECK(Ruler(linear, {-3.0}, 0.0, 100.0)(-3.0) == Approx(50.0));
}

TEST_CASE("what is no number has no place and no influence", "[svg]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  const Ruler ruler(linear, {1.0, not_a_number, infinity, -infinity, 1e300, 3.0}, 0.0, 10.0);
  CHECK(ruler(3.0) == Approx(10.0));
  for (const double value : {not_a_number, infinity, -infinity, 1e300, -1e300}) {
    CHECK_FALSE(ruler.shows(value));
  }
}

TEST_CASE("ticks are round numbers", "[svg]") {
  check(Ruler(linear, {0.0, 10.0}, 0, 1).ticks(5), {0, 2, 4, 6, 8, 10});
  check(Ruler(linear, {3.0, 2808.0}, 0, 1).ticks(5), {1000, 2000});
  check(Ruler(linear, {0.0, 0.003}, 0, 1).ticks(6), {0, 5e-4, 1e-3, 1.5e-3, 2e-3, 2.5e-3, 3e-3});
  check(Ruler(linear, {-1.0, 1.0}, 0, 1).ticks(4), {-1, -0.5, 0, 0.5, 1});
  check(Ruler(logarithmic, {0.1, 10.0}, 0, 1).ticks(7), {0.1, 0.2, 0.5, 1, 2, 5, 10});
  check(Ruler(logarithmic, {0.001, 10.0}, 0, 1).ticks(6), {0.001, 0.01, 0.1, 1, 10});
  check(Ruler(logarithmic, {1e-9, 1.0}, 0, 1).ticks(5), {1e-9, 1e-7, 1e-5, 1e-3, 1e-1});
  check(Ruler(logarithmic, {0.51, 0.58}, 0, 1).ticks(4), {0.52, 0.54, 0.56, 0.58});
  CHECK(Ruler(logarithmic, {0.001, 1.0}, 0, 1).ticks(6)[0] == 0.001);
}

TEST_CASE("any range has ticks inside of it, a handful", "[svg]") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> exponent(-12.0, 12.0);
  for (int i = 0; i < 2000; ++i) {
    const double a = std::pow(10.0, exponent(random)), b = std::pow(10.0, exponent(random));
    for (const Axis& axis : {linear, logarithmic}) {
      const Ruler ruler(axis, {a, b}, 0.0, 100.0);
      const Values ticks = ruler.ticks(6);
      CAPTURE(a, b, axis.scale == Scale::linear);
      REQUIRE(ticks.size() >= 2);
      REQUIRE(ticks.size() <= 8);
      for (const double tick : ticks) {
        REQUIRE(ruler(tick) > -0.1);
        REQUIRE(ruler(tick) < 100.1);
      }
    }
  }
}

TEST_CASE("values that are next to one another are one", "[svg]") {
  for (const double value : {1.0, 1e-3, 42.0}) {
    for (const Axis& axis : {linear, logarithmic}) {
      CAPTURE(value);
      const Values ticks = Ruler(axis, {value, std::nextafter(value, 100.0)}, 0, 1).ticks(6);
      CHECK(ticks.size() >= 2);
      CHECK(ticks.size() <= 8);
    }
  }
}

}  // namespace effv2::svg_axis_test
