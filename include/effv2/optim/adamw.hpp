// AdamW (Loshchilov & Hutter, 2019): Adam with decoupled weight decay.
#pragma once

#include <cmath>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "optimizer.hpp"

namespace effv2::inline EFFV2_ISA::optim {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
};

/// m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
/// w -= rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay w)
/// in a parameter's own update t: one that was frozen at first begins with t = 1 like any other.
template <class T>
class AdamW : public Optimizer<T> {
 public:
  template <class Model>
  explicit AdamW(Model& model, const AdamWOptions& options = {})
      : Optimizer<T>(model, options.weight_decay, {true, true}), options_(options) {
    detail::check_rate(options.beta1, "beta1");
    detail::check_rate(options.beta2, "beta2");
    detail::check_not_negative(options.weight_decay, "weight decay");
    detail::check_epsilon(options.epsilon);
  }

 protected:
  void update(UpdateSpan<T> span, double learning_rate, double weight_decay,
              double gradient_scale) const override {
    using V = simd::Vector<T>;
    const auto t = static_cast<double>(span.updates + 1);
    const double correction1 = 1.0 / (1.0 - std::pow(options_.beta1, t));
    const double correction2 = 1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t));
    const V beta1(static_cast<T>(options_.beta1)), rest1(static_cast<T>(1.0 - options_.beta1));
    const V beta2(static_cast<T>(options_.beta2)), rest2(static_cast<T>(1.0 - options_.beta2));
    const V minus_rate(static_cast<T>(-learning_rate * correction1));
    const V root(static_cast<T>(correction2)), epsilon(static_cast<T>(options_.epsilon));
    const V keep(static_cast<T>(1.0 - learning_rate * weight_decay));
    const V scale(static_cast<T>(gradient_scale));
    simd::for_each_vector<T>(span.count, [&](std::int64_t i, auto lanes) {
      const V g = lanes.stream(span.gradient + i) * scale;
      const V m = simd::fma<T>(lanes.stream(span.first + i), beta1, rest1 * g);
      const V v = simd::fma<T>(lanes.stream(span.second + i), beta2, rest2 * g * g);
      const V inverse = simd::reciprocal<T>(simd::fma<T>(sqrt(v), root, epsilon));
      lanes.store(span.value + i,
                  simd::fma<T>(lanes.stream(span.value + i), keep, minus_rate * m * inverse));
      lanes.store(span.first + i, m);
      lanes.store(span.second + i, v);
    });
  }

 private:
  AdamWOptions options_;
};

}  // namespace effv2::inline EFFV2_ISA::optim
