// RMSProp as EfficientNet is trained with (TensorFlow's).
#pragma once

#include <cstdint>

#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "optimizer.hpp"

namespace effv2::inline EFFV2_ISA::optim {

struct RmspropOptions {
  double rho = 0.9;
  double momentum = 0.9;
  double epsilon = 1e-3;
  double weight_decay = 1e-5;
};

/// With g the gradient plus weight_decay w, and the mean square s starting at 1:
///   s = rho s + (1 - rho) g^2      m = momentum m + rate g / sqrt(s + epsilon)      w -= m
/// Epsilon is inside of the root and the rate inside of the momentum; PyTorch's RMSprop has
/// neither.
template <class T>
class Rmsprop final : public Optimizer<T> {
 public:
  template <class Model>
  explicit Rmsprop(Model& model, const RmspropOptions& options = {})
      : Optimizer<T>(model, options.weight_decay, {true, true, 1.0}), options_(options) {
    detail::check_rate(options.rho, "rho");
    detail::check_rate(options.momentum, "momentum");
    detail::check_not_negative(options.weight_decay, "weight decay");
    detail::check_epsilon(options.epsilon);
  }

 private:
  void update(UpdateSpan<T> span, double learning_rate, double weight_decay,
              double gradient_scale) const override {
    using V = simd::Vector<T>;
    const V rate(static_cast<T>(learning_rate)), decay(static_cast<T>(weight_decay));
    const V scale(static_cast<T>(gradient_scale)), momentum(static_cast<T>(options_.momentum));
    const V rho(static_cast<T>(options_.rho)), rest(static_cast<T>(1.0 - options_.rho));
    const V epsilon(static_cast<T>(options_.epsilon));
    simd::for_each_vector<T>(span.count, [&](std::int64_t i, auto lanes) {
      const V w = lanes.stream(span.value + i);
      const V g = simd::fma<T>(w, decay, lanes.stream(span.gradient + i) * scale);
      const V s = simd::fma<T>(lanes.stream(span.second + i), rho, rest * g * g);
      const V m =
          simd::fma<T>(lanes.stream(span.first + i), momentum, rate * g / sqrt(s + epsilon));
      lanes.store(span.value + i, w - m);
      lanes.store(span.first + i, m);
      lanes.store(span.second + i, s);
    });
  }

  RmspropOptions options_;
};

}  // namespace effv2::inline EFFV2_ISA::optim
