// Squeeze-and-excitation (Hu, Shen & Sun, 2018): channels weighed by what the whole picture shows.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/activation.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/pooling.hpp"
#include "activation.hpp"
#include "context.hpp"
#include "conv2d.hpp"
#include "graph.hpp"
#include "linear.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// y = x s,  s = sigmoid(expand(f(reduce(m)))),  m = mean of x over its pixels.
/// x (N, H, W, C); reduce: C -> squeezed, expand: squeezed -> C, both with bias.
template <class T>
struct SqueezeExcite {
  using value_type = T;
  struct Saved {
    View<const T> x;
    Tensor<T> mean, reduced, activated, expanded, scale;
    typename Linear<T>::Saved reduce, expand;
  };

  Linear<T> reduce, expand;
  ActivationKind activation;

  EFFV2_SETUP SqueezeExcite(std::int64_t channels, std::int64_t squeezed,
                            ActivationKind activation_kind = ActivationKind::silu)
      : reduce(channels, squeezed, fan_out(squeezed)),
        expand(squeezed, channels, fan_out(channels)),
        activation(activation_kind) {}

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    detail::check_picture(x, reduce.in(), "squeeze_excite");
    const Execution& run = context.execution;
    saved.x = x.view();
    saved.mean = context.tensor({x.extent(0), x.extent(3)});
    kernels::global_average_pool_forward<T>(saved.mean, x, run);
    saved.reduced = reduce.forward(saved.mean, saved.reduce, context);
    saved.activated = context.tensor(saved.reduced.shape());
    kernels::activation_forward<T>(saved.activated, saved.reduced, activation, run);
    saved.expanded = expand.forward(saved.activated, saved.expand, context);
    saved.scale = context.tensor(saved.expanded.shape());
    kernels::activation_forward<T>(saved.scale, saved.expanded, ActivationKind::sigmoid, run);
    Tensor<T> y = context.tensor(x.shape());
    kernels::scale_channels_forward<T>(y, x, saved.scale, run);
    return y;
  }

  /// ds = sum over pixels of dy x, back through sigmoid, expand, f and reduce to dm; then
  /// dx = dy s + dm / pixels.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    detail::check_gradient(dy, saved.x.shape(), "squeeze_excite");
    const Execution& run = context.execution;
    Tensor<T> dscale = context.tensor(saved.scale.shape());
    kernels::scale_channels_backward_scale<T>(dscale, dy, saved.x, run);
    kernels::activation_backward<T>(dscale, dscale, saved.expanded, ActivationKind::sigmoid, run);
    Tensor<T> dreduced = expand.backward(dscale, saved.expand, context);
    kernels::activation_backward<T>(dreduced, dreduced, saved.reduced, activation, run);
    const Tensor<T> dmean = reduce.backward(dreduced, saved.reduce, context);
    Tensor<T> dx = context.tensor(dy.shape());
    kernels::squeeze_excite_backward_data<T>(dx, dy, saved.scale, dmean, run);
    return dx;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    detail::check_picture(x, reduce.in(), "squeeze_excite");
    const Execution& run = context.execution;
    Tensor<T> mean = context.tensor({x.extent(0), x.extent(3)});
    kernels::global_average_pool_forward<T>(mean, x, run);
    Tensor<T> reduced = reduce.infer(mean, context);
    kernels::activation_forward<T>(reduced, reduced, activation, run);
    Tensor<T> scale = expand.infer(reduced, context);
    kernels::activation_forward<T>(scale, scale, ActivationKind::sigmoid, run);
    Tensor<T> y = context.tensor(x.shape());
    kernels::scale_channels_forward<T>(y, x, scale, run);
    return y;
  }

  void visit(Visitor<T>& visitor) {
    visitor("reduce", reduce);
    visitor("expand", expand);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    const Shape x = graph.shape(input);
    const auto act = [&](ActivationKind kind, int node) {
      return graph.add({std::string(kernels::name_of(kind)), graph.shape(node)}, {node});
    };
    const int mean = graph.add({"global_average_pool", {x[0], x[3]}}, {input});
    const int reduced = act(activation, graph.enter("reduce", reduce, mean));
    const int scale = act(ActivationKind::sigmoid, graph.enter("expand", expand, reduced));
    return graph.add({"scale_channels", x}, {input, scale});
  }

 private:
  static Initializer fan_out(std::int64_t out) {
    return Initializer::normal(std::sqrt(2.0 / static_cast<double>(out)));
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
