// Muon (Jordan et al., 2024): momentum with orthogonal updates, for the weights that are matrices.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/parallel.hpp"
#include "../core/simd.hpp"
#include "../kernels/orthogonalize.hpp"
#include "adamw.hpp"
#include "optimizer.hpp"

namespace effv2::inline EFFV2_ISA::optim {

struct MuonOptions {
  double momentum = 0.95;
  double weight_decay = 0.01;
  /// Of all that is no matrix; its weight_decay is the one above.
  AdamWOptions adamw = {};
};

/// For the weights of dense convolutions, as matrices of (k k I, O), and of linear layers, with g
/// the gradient:
///   m = momentum m + g        d = g + momentum m        d = U S V^T
///   w -= rate (0.2 sqrt(max(rows, columns)) U V^T + weight_decay w)
/// so that a step goes as far in the directions that the gradient hardly knows as in those it is
/// full of. The factor makes an update as large as AdamW's, whose rates carry over (Liu et al.,
/// 2025, arXiv 2502.16982). Biases, batch norm and depthwise filters follow AdamW.
template <class T>
class Muon final : public AdamW<T> {
 public:
  template <class Model>
  explicit Muon(Model& model, const MuonOptions& options = {})
      : AdamW<T>(model, with_decay(options)), momentum_(options.momentum) {
    detail::check_rate(options.momentum, "momentum");
    for (Slot<T>& slot : this->slots()) {
      const std::int64_t rank = slot.parameter->shape().rank();
      if (rank != 2 && rank != 4) continue;
      slot.second = {};  // no second moment: that is what tells matrices from the rest
      matrices_.push_back(&slot);
    }
  }

 private:
  static AdamWOptions with_decay(const MuonOptions& options) {
    AdamWOptions adamw = options.adamw;
    adamw.weight_decay = options.weight_decay;
    return adamw;
  }

  // The gradients of matrices become the directions of their updates.
  void begin_step(double gradient_scale, const Execution& run) override {
    AdamW<T>::begin_step(gradient_scale, run);
    parallel_for(static_cast<std::int64_t>(matrices_.size()), run.threads(),
                 [&](std::int64_t index) {
                   Slot<T>& slot = *matrices_[static_cast<std::size_t>(index)];
                   if (!slot.parameter->frozen) direct(slot, gradient_scale, run);
                 });
  }

  void direct(Slot<T>& slot, double gradient_scale, const Execution& run) const {
    using V = simd::Vector<T>;
    Tensor<T>& gradient = slot.parameter->gradient();
    const V momentum(static_cast<T>(momentum_)), scale(static_cast<T>(gradient_scale));
    simd::for_each_vector<T>(gradient.size(), [&](std::int64_t i, auto lanes) {
      const V g = lanes.load(gradient.data() + i) * scale;
      const V m = simd::fma<T>(lanes.load(slot.first.data() + i), momentum, g);
      lanes.store(slot.first.data() + i, m);
      lanes.store(gradient.data() + i, simd::fma<T>(m, momentum, g));
    });
    const std::int64_t columns = gradient.shape()[gradient.rank() - 1],
                       rows = gradient.size() / columns;
    kernels::orthogonalize<T>(View<T>(gradient.data(), {rows, columns}), run);
    const double size = 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns)));
    for (T& value : gradient) value *= static_cast<T>(size);
  }

  void update(UpdateSpan<T> span, double learning_rate, double weight_decay,
              double gradient_scale) const override {
    if (span.second != nullptr) {
      return AdamW<T>::update(span, learning_rate, weight_decay, gradient_scale);
    }
    using V = simd::Vector<T>;
    const V keep(static_cast<T>(1.0 - learning_rate * weight_decay));
    const V minus_rate(static_cast<T>(-learning_rate));
    simd::for_each_vector<T>(span.count, [&](std::int64_t i, auto lanes) {
      lanes.store(span.value + i, simd::fma<T>(lanes.stream(span.value + i), keep,
                                               minus_rate * lanes.stream(span.gradient + i)));
    });
  }

  double momentum_;
  std::vector<Slot<T>*> matrices_;
};

}  // namespace effv2::inline EFFV2_ISA::optim
