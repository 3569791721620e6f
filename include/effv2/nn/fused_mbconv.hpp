// Fused-MBConv: one full convolution instead of expansion and depthwise (EfficientNetV2, section
// 3.2), faster where pictures are large and channels few.
#pragma once

#include <optional>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/elementwise.hpp"
#include "context.hpp"
#include "conv_bn_act.hpp"
#include "drop_path.hpp"
#include "graph.hpp"
#include "mbconv.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// expand k x k -> project 1 x 1, then drop path and the residual, where stride and channels allow
/// one. With an expansion of 1 it is a single k x k convolution, with its activation, and no
/// projection.
template <class T>
struct FusedMBConv {
  using value_type = T;
  struct Saved {
    typename ConvBnAct<T>::Saved expand, project;
    typename DropPath<T>::Saved drop_path;
    Tensor<T> expanded;
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
        residual(o.residual()) {
    if (o.expand != 1) {
      project.emplace(conv_bn_act<T>(o.hidden(), o.out_channels, 1, 1, defaults,
                                     ActivationKind::identity, gamma(o, defaults)));
    }
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    Tensor<T> y = expand.forward(x, saved.expand, context);
    if (project) {
      saved.expanded = std::move(y);
      y = project->forward(saved.expanded, saved.project, context);
    }
    if (residual) {
      drop_path.apply(y, saved.drop_path, context);
      kernels::add<T>(y, y, x, context.execution);
    }
    return y;
  }

  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    Tensor<T> dropped;
    if (residual && drop_path.rate > 0.0) {
      dropped = drop_path.backward(dy, saved.drop_path, context);
    }
    const Tensor<T>& dbranch = dropped.empty() ? dy : dropped;
    Tensor<T> d;
    if (project) {
      const Tensor<T> dexpanded = project->backward(dbranch, saved.project, context);
      saved.expanded = {};
      d = expand.backward(dexpanded, saved.expand, context);
    } else {
      d = expand.backward(dbranch, saved.expand, context);
    }
    if (residual && !d.empty()) kernels::add<T>(d, d, dy, context.execution);
    return d;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Tensor<T> y = expand.infer(x, context);
    if (project) y = project->infer(y, context);
    if (residual) kernels::add<T>(y, y, x, context.execution);
    return y;
  }

  void visit(Visitor<T>& visitor) {
    visitor("expand", expand);
    if (project) visitor("project", *project);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    int node = graph.enter("expand", expand, input);
    if (project) node = graph.enter("project", *project, node);
    return residual ? graph.add({"add", graph.shape(node)}, {node, input}) : node;
  }

 private:
  // Of the branch's last batch norm.
  static double gamma(const BlockOptions& o, const BlockDefaults& defaults) {
    return o.residual() ? defaults.branch_gamma : 1.0;
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
