#include <effv2/nn/parameter.hpp>
#include <utility>

#include "../catch.hpp"
#include "../support/compare.hpp"

namespace effv2::parameter_test {

TEST_CASE("every edit makes a new version, unique in the process", "[parameter]") {
  nn::Parameter<float> a({3}, nn::Initializer::constant(1.0), nn::WeightDecay::yes), b = a;
  const std::uint64_t before = a.version();
  CHECK(b.version() == before);
  a.edit()[0] = 2.0F;
  b.edit()[0] = 3.0F;
  CHECK(a.version() != before);
  CHECK(a.version() != b.version());
}

TEST_CASE("an assignment is a change, a copy of the gradient it is not", "[parameter]") {
  nn::Parameter<float> a({3}, nn::Initializer::constant(1.0), nn::WeightDecay::yes);
  nn::Parameter<float> old({3}, nn::Initializer::constant(2.0), nn::WeightDecay::no), b = old;
  a.edit(), a.gradient().fill(5.0F), old.gradient().fill(7.0F);
  const std::uint64_t newest = a.version();
  const float* const place = a.gradient().data();
  a = old;
  CHECK(a.version() > newest);
  CHECK(a.value()[0] == 2.0F);
  CHECK_FALSE(a.decays);
  CHECK(a.gradient().data() == place);
  CHECK(testing::largest(a.gradient()) == 0.0);
  CHECK(testing::largest(nn::Parameter<float>(old).gradient()) == 0.0);
  CHECK(testing::largest(old.gradient()) == 7.0);
  const std::uint64_t before = a.version();
  a = std::move(b);
  CHECK(a.version() > before);
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

TEST_CASE("what was moved from has no values, and says so", "[parameter]") {
  nn::Parameter<float> p({3}, nn::Initializer::constant(2.0), nn::WeightDecay::no);
  nn::Parameter<float> taken = std::move(p), assigned;
  CHECK(taken.value()[0] == 2.0F);
  CHECK_THROWS_AS(p.value(), Error);
  const std::uint64_t before = taken.version();
  assigned = std::move(taken);
  CHECK(assigned.value()[0] == 2.0F);
  CHECK(assigned.version() > before);
  CHECK_THROWS_AS(taken.value(), Error);
}

}  // namespace effv2::parameter_test
