#include <effv2/core/accumulator.hpp>

#include "../catch.hpp"

namespace effv2::accumulator_test {

namespace {
double sum_into(const Accumulator<double>& target) {
  target.values[0] = (target.adds ? target.values[0] : 0.0) + 1.0;
  return target.values[0];
}
}  // namespace

TEST_CASE("a tensor or a view is a sum to add to, unless told otherwise", "[accumulator]") {
  Tensor<double> x = Tensor<double>::filled({2}, 5.0);
  CHECK(sum_into(x) == 6.0);
  CHECK(sum_into(x.view()) == 7.0);
  CHECK(sum_into({x.view(), false}) == 1.0);
  CHECK(x[1] == 5.0);
}

}  // namespace effv2::accumulator_test
