// Fused-MBConv: one full convolution instead of expansion and depthwise (EfficientNetV2, section
// 3.2), faster where pictures are large and channels few.
#pragma once

#include <optional>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/blend.hpp"
#include "../kernels/elementwise.hpp"
#include "context.hpp"
#include "conv_bn_act.hpp"
#include "drop_path.hpp"
#include "graph.hpp"
#include "mbconv.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// expand k x k -> project 1 x 1, then drop path and the residual, where the shapes allow one.
/// With an expansion of 1 it is a single k x k convolution, with its activation, and no
/// projection.
template <class T>
struct FusedMBConv {
  using value_type = T;
  struct Saved {
    typename ConvBnAct<T>::Saved expand, project;
    typename DropPath<T>::Saved drop_path;
  };

  ConvBnAct<T> expand;
  std::optional<ConvBnAct<T>> project;
  DropPath<T> drop_path;
  bool residual;

  EFFV2_SETUP explicit FusedMBConv(const BlockOptions& o, const BlockDefaults& defaults = {})
      : expand(conv_bn_act<T>(o.in_channels, o.expand == 1 ? o.out_channels : o.hidden(), o.kernel,
                              o.stride, defaults, defaults.activation,
                              o.expand == 1 ? gamma(o, defaults) : 1.0)),
        drop_path(o.drop_path),
        residual(o.residual(defaults.padding)) {
    if (o.expand != 1) {
      project.emplace(conv_bn_act<T>(o.hidden(), o.out_channels, 1, 1, defaults,
                                     ActivationKind::identity, gamma(o, defaults)));
    }
  }

  // As in MBConv, the expanded tensor is not kept but computed again.

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    expand.conv.check(x);
    const kernels::Blend<T> shortcut =
        residual ? drop_path.shortcut(x, saved.drop_path, context) : kernels::Blend<T>{};
    if (!project) return expand.forward(x, saved.expand, context, shortcut);
    const Tensor<T> expanded = expand.forward(x, saved.expand, context);
    return project->forward(expanded, saved.project, context, shortcut);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  /// Of y = m project(e) + x, e = expand(x), with m drop path's factors:
  /// de = project'(m dy),  dx = expand'(de) + dy.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    const kernels::Blend<T> dropped =
        residual ? drop_path.shortcut_backward(saved.drop_path) : kernels::Blend<T>{};
    const View<const T> shortcut = residual ? dy.view() : View<const T>{};
    if (!project) return expand.backward(dy, saved.expand, context, dropped, shortcut);
    expand.check_saved(saved.expand);
    const Tensor<T> dexpanded = project->backward(dy, expand.bn.apply(saved.expand.bn, context),
                                                  saved.project, context, dropped);
    return expand.backward(dexpanded, saved.expand, context, {}, shortcut);
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Tensor<T> y = expand.infer(x, context);
    if (project) y = project->infer(y, context);
    if (residual) kernels::add<T>(y, y, x, context.execution);
    return y;
  }

  static constexpr bool skips_data_gradient() { return true; }

  void visit(Visitor<T>& visitor) {
    visitor("expand", expand);
    if (project) visitor("project", *project);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    int node = graph.enter("expand", expand, input);
    if (project) node = graph.enter("project", *project, node);
    if (!residual) return node;
    node = drop_path.describe(graph, node);
    return graph.add({"add", graph.shape(node)}, {node, input});
  }

 private:
  // Of the branch's last batch norm.
  static double gamma(const BlockOptions& o, const BlockDefaults& defaults) {
    return o.residual(defaults.padding) ? defaults.branch_gamma : 1.0;
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
