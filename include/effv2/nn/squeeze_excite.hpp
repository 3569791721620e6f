// Squeeze-and-excitation (Hu, Shen & Sun, 2018): channels weighed by what the whole picture shows.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/activation.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/squeeze_excite.hpp"
#include "activation.hpp"
#include "check.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "linear.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// y = x s,  s = sigmoid(expand(f(reduce(m)))),  m = mean of x over its pixels.
/// x (N, H, W, C); reduce: C -> squeezed, expand: squeezed -> C, both with bias.
///
/// gate and gate_backward are the part from m to s, for blocks that have other ways to take the
/// mean and to apply the gate.
template <class T>
struct SqueezeExcite {
  using value_type = T;
  struct Saved {
    View<const T> x;
    Tensor<T> mean, reduced, activated, gate;
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
    detail::check_picture(x.shape(), reduce.in(), "squeeze_excite");
    saved.x = x.view();
    Tensor<T> mean = context.tensor({x.extent(0), x.extent(3)});
    kernels::squeeze_forward<T>(mean, x, context.execution);
    const Tensor<T>& s = gate(std::move(mean), saved, context);
    Tensor<T> y = context.tensor(x.shape());
    kernels::excite_forward<T>(y, x, s, context.execution);
    return y;
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  /// ds = sum over pixels of dy x, back to dm; then dx = dy s + dm / pixels.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    detail::check_gradient(dy, saved.x.shape(), "squeeze_excite");
    Tensor<T> dgate = context.tensor(saved.gate.shape());
    kernels::excite_backward_gate<T>(dgate, dy, saved.x, context.execution);
    const Tensor<T> dmean = gate_backward(std::move(dgate), saved, context);
    Tensor<T> dx = context.tensor(dy.shape());
    kernels::squeeze_excite_backward_data<T>(dx, dy, saved.gate, dmean, context.execution);
    return dx;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Tensor<T> y = context.tensor(x.shape());
    kernels::excite_forward<T>(y, x, infer_gate(x, context), context.execution);
    return y;
  }

  /// s (N, C) of m (N, C); s stays in `saved`.
  const Tensor<T>& gate(Tensor<T> mean, Saved& saved, Context<T>& context) {
    const Execution& run = context.execution;
    saved.mean = std::move(mean);
    saved.reduced = reduce.forward(saved.mean, saved.reduce, context);
    saved.activated = context.tensor(saved.reduced.shape());
    kernels::activation_forward<T>(saved.activated, saved.reduced, activation, run);
    saved.gate = expand.forward(saved.activated, saved.expand, context,
                                {.activation = ActivationKind::sigmoid});
    return saved.gate;
  }

  /// dm of ds, with u = reduce(m):  dv = ds s (1 - s),  du = expand'(dv) f'(u),  dm = reduce'(du).
  Tensor<T> gate_backward(Tensor<T> dgate, Saved& saved, Context<T>& context) {
    const Execution& run = context.execution;
    kernels::sigmoid_backward<T>(dgate, dgate, saved.gate, run);
    Tensor<T> dreduced = expand.backward(dgate, saved.expand, context);
    kernels::activation_backward<T>(dreduced, dreduced, saved.reduced, activation, run);
    return reduce.backward(dreduced, saved.reduce, context);
  }

  /// s of the picture x.
  Tensor<T> infer_gate(const Tensor<T>& x, Context<T>& context) const {
    detail::check_picture(x.shape(), reduce.in(), "squeeze_excite");
    Tensor<T> mean = context.tensor({x.extent(0), x.extent(3)});
    kernels::squeeze_forward<T>(mean, x, context.execution);
    const Tensor<T> reduced = reduce.infer(mean, context, {.activation = activation});
    return expand.infer(reduced, context, {.activation = ActivationKind::sigmoid});
  }

  void visit(Visitor<T>& visitor) {
    visitor("reduce", reduce);
    visitor("expand", expand);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    const Shape x = graph.shape(input);
    detail::check_picture(x, reduce.in(), "squeeze_excite");
    const auto act = [&](ActivationKind kind, int node) {
      return graph.add({std::string(kernels::name_of(kind)), graph.shape(node)}, {node});
    };
    const int mean = graph.keep(graph.add({"global_average_pool", {x[0], x[3]}}, {input}));
    const int reduced =
        graph.keep(act(activation, graph.keep(graph.enter("reduce", reduce, mean))));
    const int scale =
        graph.keep(act(ActivationKind::sigmoid, graph.enter("expand", expand, reduced)));
    return graph.add({"scale_channels", x}, {input, scale});
  }

 private:
  static Initializer fan_out(std::int64_t out) {
    return Initializer::normal(std::sqrt(2.0 / static_cast<double>(out)));
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
