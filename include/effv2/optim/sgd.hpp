// Stochastic gradient descent.
#pragma once

#include <cstdint>

#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "optimizer.hpp"

namespace effv2::inline EFFV2_ISA::optim {

struct SgdOptions {
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0.0;
};

/// With g the gradient plus weight_decay w:
///   m = momentum m + g        w -= rate m                   momentum
///                             w -= rate (g + momentum m)    Nesterov
template <class T>
class Sgd final : public Optimizer<T> {
 public:
  template <class Model>
  explicit Sgd(Model& model, const SgdOptions& options = {})
      : Optimizer<T>(model, options.weight_decay, {true, false}), options_(options) {
    detail::check_rate(options.momentum, "momentum");
    detail::check_not_negative(options.weight_decay, "weight decay");
  }

 private:
  void update(UpdateSpan<T> span, double learning_rate, double weight_decay,
              double gradient_scale) const override {
    using V = simd::Vector<T>;
    const V rate(static_cast<T>(learning_rate)), decay(static_cast<T>(weight_decay));
    const V scale(static_cast<T>(gradient_scale)), momentum(static_cast<T>(options_.momentum));
    simd::for_each_vector<T>(span.count, [&](std::int64_t i, auto lanes) {
      const V w = lanes.stream(span.value + i);
      const V g = simd::fma<T>(w, decay, lanes.stream(span.gradient + i) * scale);
      const V m = simd::fma<T>(lanes.stream(span.first + i), momentum, g);
      const V direction = options_.nesterov ? simd::fma<T>(m, momentum, g) : m;
      lanes.store(span.value + i, w - rate * direction);
      lanes.store(span.first + i, m);
    });
  }

  SgdOptions options_;
};

}  // namespace effv2::inline EFFV2_ISA::optim
