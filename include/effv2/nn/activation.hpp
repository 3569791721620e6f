// An activation as a layer of its own; batch norm has one built in.
#pragma once

#include <string>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/activation.hpp"
#include "check.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

using kernels::ActivationKind;

/// y = f(x), any shape.
template <class T>
struct Activation {
  using value_type = T;
  struct Saved {
    View<const T> x;
  };

  ActivationKind kind = ActivationKind::silu;

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    saved.x = x.view();
    return infer(x, context);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer
  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Tensor<T> y = context.tensor(x.shape());
    kernels::activation_forward<T>(y, x, kind, context.execution);
    return y;
  }
  /// dx = dy f'(x)
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    detail::check_gradient(dy, saved.x.shape(), "activation");
    Tensor<T> dx = context.tensor(dy.shape());
    kernels::activation_backward<T>(dx, dy, saved.x, kind, context.execution);
    return dx;
  }
  void visit(Visitor<T>&) {}
  EFFV2_SETUP int describe(Graph& graph, int input) const {
    return graph.add({std::string(kernels::name_of(kind)), graph.shape(input)}, {input});
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
