// Muon (Jordan et al., 2024): momentum with orthogonal updates, for the weights that are matrices.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/orthogonalize.hpp"
#include "adamw.hpp"
#include "optimizer.hpp"

namespace effv2::inline EFFV2_ISA::optim {

struct MuonOptions {
  double momentum = 0.95;
  double weight_decay = 0.01;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // AdamW's, for all that is no matrix
};

/// For the weights that are matrices, those of dense convolutions as (k k I, O) and of linear
/// layers (in general what decays and has rank 4 or 2), with g the gradient:
///   m = momentum m + g        d = g + momentum m        d = U S V^T
///   w -= rate (0.2 sqrt(max(rows, columns)) U V^T + weight_decay w)
/// so that a step goes as far in the directions that the gradient hardly knows as in those it is
/// full of. The factor makes an update as large as AdamW's, whose rates carry over (Liu et al.,
/// 2025, arXiv 2502.16982). Biases, batch norm and depthwise filters follow AdamW.
template <class T>
class Muon final : public AdamW<T> {
 public:
  template <class Model>
  explicit Muon(Model& model, const MuonOptions& o = {})
      : AdamW<T>(model, {o.beta1, o.beta2, o.epsilon, o.weight_decay}), momentum_(o.momentum) {
    detail::check_rate(o.momentum, "momentum");
    for (Slot<T>& slot : this->slots()) {
      const auto rank = slot.parameter->shape().rank();
      if (slot.parameter->decays && (rank == 2 || rank == 4)) {
        slot.second = {};
        slot.direction = Tensor<T>::uninitialized(slot.parameter->shape());
      }
    }
  }

 private:
  void begin_step(double gradient_scale, const Execution& run) override {
    for (Slot<T>& slot : this->slots()) {
      if (!slot.direction.empty() && !slot.parameter->frozen)
        find_direction(slot, gradient_scale, run);
    }
  }

  // From m as it was: the update moves it.
  void find_direction(Slot<T>& slot, double gradient_scale, const Execution& run) const {
    using V = simd::Vector<T>;
    const Tensor<T>& gradient = slot.parameter->gradient();
    const V momentum(static_cast<T>(momentum_)), scale(static_cast<T>(gradient_scale));
    kernels::elementwise<T>(slot.direction, run, [&](std::int64_t i, auto lanes) {
      const V g = lanes.stream(gradient.data() + i) * scale;
      const V moment = simd::fma<T>(lanes.stream(slot.first.data() + i), momentum, g);
      return simd::fma<T>(moment, momentum, g);
    });
    const std::int64_t columns = gradient.extent(gradient.rank() - 1);
    const std::int64_t rows = gradient.size() / columns;
    const View<T> matrix(slot.direction.data(), {rows, columns});
    kernels::orthogonalize<T>(matrix, run);
    const double size = 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns)));
    kernels::scale<T>(matrix, matrix, static_cast<T>(size), run);
  }

  void update(UpdateSpan<T> span, double learning_rate, double weight_decay,
              double gradient_scale) const override {
    if (span.direction == nullptr) {
      return AdamW<T>::update(span, learning_rate, weight_decay, gradient_scale);
    }
    using V = simd::Vector<T>;
    const V momentum(static_cast<T>(momentum_)), scale(static_cast<T>(gradient_scale));
    const V keep(static_cast<T>(1.0 - learning_rate * weight_decay));
    const V minus_rate(static_cast<T>(-learning_rate));
    simd::for_each_vector<T>(span.count, [&](std::int64_t i, auto lanes) {
      const V g = lanes.stream(span.gradient + i) * scale;
      lanes.store(span.first + i, simd::fma<T>(lanes.stream(span.first + i), momentum, g));
      lanes.store(span.value + i, simd::fma<T>(lanes.stream(span.value + i), keep,
                                               minus_rate * lanes.stream(span.direction + i)));
    });
  }

  double momentum_;
};

}  // namespace effv2::inline EFFV2_ISA::optim
