#include <effv2/nn/pooling.hpp>

#include "../catch.hpp"
#include "../support/gradient.hpp"

namespace effv2::pooling_gradient_test {

using namespace effv2::testing;
using nn::Padding;

namespace {

nn::PoolOptions random_pool(Dice& dice) {
  return {dice.between(1, 3), dice.between(1, 3), static_cast<Padding>(dice.between(0, 2))};
}

// All numbers at least 0.01 apart: no window's maximum changes under a small step.
Tensor<double> distinct(Dice& dice, const Shape& shape) {
  Tensor<double> x(shape);
  for (std::int64_t i = 0; i < x.size(); ++i) x[i] = 0.01 * static_cast<double>(i);
  for (std::int64_t i = x.size() - 1; i > 0; --i) std::swap(x[i], x[dice.between(0, i)]);
  return x;
}

template <class Layer, class Make>
void check(const char* name, std::uint32_t stream, Make&& make) {
  Dice dice(stream);
  double worst = 0.0;
  for (int i = 0; i < gradient_shapes; ++i) {
    Layer layer = make(dice);
    const Tensor<double> x = distinct(
        dice, {dice.between(1, 3), dice.between(3, 7), dice.between(3, 7), dice.between(1, 20)});
    const double error = gradient_error(layer, Tensor<double>(x), dice);
    CAPTURE(i, x.shape().to_string(), error);
    REQUIRE(error <= gradient_tolerance);
    worst = std::max(worst, error);
  }
  report_gradient(name, gradient_shapes, worst);
}

}  // namespace

TEST_CASE("gradients of pooling", "[pooling][gradient]") {
  check<nn::GlobalAveragePool<double>>("global_average_pool", 107,
                                       [](Dice&) { return nn::GlobalAveragePool<double>{}; });
  check<nn::AveragePool<double>>(
      "average_pool", 108, [](Dice& dice) { return nn::AveragePool<double>{random_pool(dice)}; });
  check<nn::MaxPool<double>>("max_pool", 109,
                             [](Dice& dice) { return nn::MaxPool<double>{random_pool(dice)}; });
  check<nn::Flatten<double>>("flatten", 110, [](Dice&) { return nn::Flatten<double>{}; });
}

}  // namespace effv2::pooling_gradient_test
