// Checks a layer's backward pass against central differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <effv2/nn/context.hpp>
#include <effv2/nn/layer.hpp>
#include <effv2/nn/visit.hpp>
#include <string>
#include <vector>

#include "compare.hpp"
#include "random.hpp"

namespace effv2::testing {

/// The scalar f = sum y c for a random cotangent c, whose gradient is backward(c).
///
/// For x and every parameter: up to `elements` single elements, and one random direction through
/// all of them, against central differences. Returns the worst error, relative to the largest
/// gradient of its tensor (or to 1e-3 if that is larger, so that a gradient may be zero).
template <class Layer>
double gradient_error(Layer& layer, Tensor<double> x, Dice& dice, std::int64_t elements = 12) {
  nn::Context<double> context(2, 7);
  typename Layer::Saved saved;
  context.begin_step(0);
  const Tensor<double> cotangent = dice.tensor<double>(layer.forward(x, saved, context).shape());
  const auto f = [&] {
    typename Layer::Saved unused;
    context.begin_step(0);
    const Tensor<double> y = layer.forward(x, unused, context);
    double sum = 0.0;
    for (std::int64_t i = 0; i < y.size(); ++i) sum += y[i] * cotangent[i];
    return sum;
  };

  nn::zero_gradients(layer);
  context.begin_step(0);
  layer.forward(x, saved, context);
  const Tensor<double> dx = layer.backward(cotangent, saved, context);

  double worst = 0.0;
  const auto check = [&](auto&& values, const Tensor<double>& gradient) {
    const double scale = std::max(1e-3, largest(gradient));
    const Tensor<double> start(values());
    // f along a direction, by differences of fourth order.
    const auto slope = [&](auto&& direction) {
      constexpr double h = 1e-4;
      const auto at = [&](double step) {
        Tensor<double>& v = values();
        for (std::int64_t i = 0; i < v.size(); ++i) v[i] = start[i] + step * direction(i);
        return f();
      };
      const double near = at(h) - at(-h), far = at(2.0 * h) - at(-2.0 * h);
      values() = start;
      return (8.0 * near - far) / (12.0 * h);
    };
    // One element at a time, at random places.
    const std::int64_t count = std::min(elements, gradient.size());
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t place =
          count == gradient.size() ? k : dice.between(0, gradient.size() - 1);
      const double found = slope([&](std::int64_t i) { return i == place ? 1.0 : 0.0; });
      worst = std::max(worst, std::abs(found - gradient[place]) / scale);
    }
    // All of them along one direction of length 1.
    Tensor<double> direction = dice.tensor<double>(gradient.shape());
    double square = 0.0, expected = 0.0;
    for (const double d : direction) square += d * d;
    for (std::int64_t i = 0; i < gradient.size(); ++i) {
      direction[i] /= std::sqrt(square);
      expected += gradient[i] * direction[i];
    }
    const double found = slope([&](std::int64_t i) { return direction[i]; });
    worst = std::max(worst, std::abs(found - expected) / scale);
  };
  check([&]() -> Tensor<double>& { return x; }, dx);
  nn::for_each_parameter(layer, [&](const std::string&, nn::Parameter<double>& parameter) {
    const Tensor<double> gradient(parameter.gradient());
    check([&]() -> Tensor<double>& { return parameter.edit(); }, gradient);
  });
  return worst;
}

/// One line of the gradient table.
inline void report_gradient(const char* layer, int shapes, double worst) {
  std::printf("gradient %-18s %5d shapes, worst error %.1e\n", layer, shapes, worst);
}

/// The number of random shapes per layer.
inline constexpr int gradient_shapes = 200;
/// What central differences in double leave of a right gradient.
inline constexpr double gradient_tolerance = 1e-6;

}  // namespace effv2::testing
