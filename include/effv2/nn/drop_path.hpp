// Stochastic depth (Huang et al., 2016): drops a residual branch for some of the samples.
#pragma once

#include <cmath>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/elementwise.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// y[n] = x[n] m[n] / keep,  m[n] = floor(keep + U[0, 1)),  keep = 1 - rate: in training; y = x in
/// inference. The mean over the draws is x, so that nothing needs rescaling later.
template <class T>
struct DropPath {
  using value_type = T;
  struct Saved {
    Tensor<T> scale;  // m / keep per sample; empty when nothing is dropped
  };

  double rate = 0.0;

  DropPath() = default;
  explicit DropPath(double drop_rate) : rate(drop_rate) {
    EFFV2_CHECK(rate >= 0.0 && rate < 1.0, ErrorCode::invalid_argument,
                "[drop_path] expected a rate in [0, 1), got ", rate);
  }

  /// The rate of block i of n: rises linearly from 0 to almost `last`.
  static double scheduled_rate(double last, std::int64_t block, std::int64_t blocks) {
    return last * static_cast<double>(block) / static_cast<double>(blocks);
  }

  /// y = forward(y), in place.
  void apply(Tensor<T>& y, Saved& saved, Context<T>& context) const {
    saved.scale = {};
    if (rate == 0.0) return;
    const RandomStream random = context.next_random();
    const double keep = 1.0 - rate;
    saved.scale = context.tensor({y.extent(0)});
    for (std::int64_t n = 0; n < saved.scale.size(); ++n) {
      const double u = static_cast<double>(random.uniform(static_cast<std::uint32_t>(n)));
      saved.scale[n] = static_cast<T>(std::floor(keep + u) / keep);
    }
    kernels::scale_samples<T>(y, y, saved.scale, context.execution);
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    Tensor<T> y = copy(x, context);
    apply(y, saved, context);
    return y;
  }

  /// dx[n] = dy[n] m[n] / keep
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    if (saved.scale.empty()) return copy(dy, context);
    Tensor<T> dx = context.tensor(dy.shape());
    kernels::scale_samples<T>(dx, dy, saved.scale, context.execution);
    return dx;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const { return copy(x, context); }
  void visit(Visitor<T>&) {}
  int describe(Graph&, int input) const { return input; }

 private:
  static Tensor<T> copy(const Tensor<T>& x, Context<T>& context) {
    Tensor<T> y = context.tensor(x.shape());
    y = x;
    return y;
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
