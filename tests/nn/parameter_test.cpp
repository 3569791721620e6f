#include <effv2/nn/parameter.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"

using namespace effv2;

TEST_CASE("every edit makes a new version, unique in the process", "[parameter]") {
  nn::Parameter<float> a({3}, nn::Initializer::constant(1.0), nn::WeightDecay::yes), b = a;
  const std::uint64_t before = a.version();
  CHECK(b.version() == before);
  a.edit()[0] = 2.0F;
  b.edit()[0] = 3.0F;
  CHECK(a.version() != before);
  CHECK(a.version() != b.version());
}

TEST_CASE("a parameter without values says so", "[parameter]") {
  const nn::Parameter<float> p({3}, nn::Initializer::normal(1.0), nn::WeightDecay::no);
  CHECK_THROWS_AS(p.value(), Error);
  CHECK_FALSE(p.decays);
}

TEST_CASE("starting values have their distributions and do not depend on threads", "[parameter]") {
  nn::Parameter<double> p({100000}, nn::Initializer::normal(2.0), nn::WeightDecay::yes);
  p.initialize({1, 2, 0});
  double sum = 0.0, square = 0.0;
  for (const double v : p.value()) sum += v, square += v * v;
  CHECK(sum / 1e5 == Approx(0.0).margin(0.03));
  CHECK(square / 1e5 == Approx(4.0).epsilon(0.02));
  nn::Parameter<double> u({1000}, nn::Initializer::uniform(0.5), nn::WeightDecay::yes), v = u;
  u.initialize({1, 3, 0}), v.initialize({1, 3, 0});
  CHECK(testing::largest_difference(u.value(), v.value()) == 0.0);
  CHECK(testing::largest(u.value()) <= 0.5);
}

TEST_CASE("a cleared gradient is zero to whoever looks, and nothing to whoever writes",
          "[parameter]") {
  nn::Parameter<float> p({2, 3}, nn::Initializer::constant(1.0), nn::WeightDecay::yes);
  CHECK_FALSE(p.accumulator().adds);
  p.gradient().fill(4.0F);
  CHECK(p.accumulator().adds);
  CHECK(testing::largest(p.gradient()) == 4.0);
  p.clear_gradient();
  CHECK_FALSE(p.accumulator().adds);
  CHECK(p.accumulator().adds);  // the first has written by then
  p.clear_gradient();
  CHECK(testing::largest(p.gradient()) == 0.0);
  CHECK(p.accumulator().adds);
}

TEST_CASE("a gradient begins as zeros", "[parameter]") {
  nn::Parameter<float> p({2, 3}, nn::Initializer::constant(1.0), nn::WeightDecay::yes);
  CHECK(p.gradient().shape() == Shape{2, 3});
  CHECK(testing::largest(p.gradient()) == 0.0);
}
