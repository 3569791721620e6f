// Stochastic depth (Huang et al., 2016): drops a residual branch for some of the samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/blend.hpp"
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
    Tensor<T> scale;    // m / keep per sample; empty when nothing is dropped
    Tensor<T> factors;  // (N, C): `scale`, repeated for each channel of a shortcut
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

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    draw(x.extent(0), saved, context);
    return apply(x, saved, context);
  }

  /// dx[n] = dy[n] m[n] / keep
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    EFFV2_CHECK(saved.scale.empty() || dy.extent(0) == saved.scale.size(),
                ErrorCode::shape_mismatch, "[drop_path] expected a gradient of ",
                saved.scale.size(), " samples, got ", dy.shape());
    return apply(dy, saved, context);
  }

  /// What a residual block's last batch norm has to blend in: y = branch m / keep + x.
  kernels::Blend<T> shortcut(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    const std::int64_t batch = x.extent(0), channels = x.extent(3);
    draw(batch, saved, context);
    saved.factors = {};
    if (!saved.scale.empty()) {
      saved.factors = context.tensor({batch, channels});
      for (std::int64_t n = 0; n < batch; ++n) {
        std::fill_n(saved.factors.data() + n * channels, channels, saved.scale[n]);
      }
    }
    return {saved.factors, x};
  }

  /// The same on the way back: the branch receives dy m / keep.
  kernels::Blend<T> shortcut_backward(const Saved& saved) const { return {saved.factors, {}}; }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const { return copy(x, context); }
  void visit(Visitor<T>&) {}
  int describe(Graph& graph, int input) const {
    if (rate > 0.0) graph.note(input, "drop_path", rate);
    return input;
  }

 private:
  void draw(std::int64_t batch, Saved& saved, Context<T>& context) const {
    saved.scale = {};
    if (rate == 0.0 || !context.drops) return;
    const RandomStream random = context.next_random();
    const double keep = 1.0 - rate;
    saved.scale = context.tensor({batch});
    for (std::int64_t n = 0; n < batch; ++n) {
      const double u = static_cast<double>(random.uniform(static_cast<std::uint32_t>(n)));
      saved.scale[n] = static_cast<T>(std::floor(keep + u) / keep);
    }
  }

  static Tensor<T> apply(const Tensor<T>& x, const Saved& saved, Context<T>& context) {
    if (saved.scale.empty()) return copy(x, context);
    Tensor<T> y = context.tensor(x.shape());
    kernels::scale_samples<T>(y, x, saved.scale, context.execution);
    return y;
  }

  static Tensor<T> copy(const Tensor<T>& x, Context<T>& context) {
    Tensor<T> y = context.tensor(x.shape());
    y = x;
    return y;
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
