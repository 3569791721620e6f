// MBConv: the inverted residual with squeeze-and-excitation (EfficientNet; MobileNetV2, V3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/elementwise.hpp"
#include "context.hpp"
#include "conv_bn_act.hpp"
#include "drop_path.hpp"
#include "graph.hpp"
#include "squeeze_excite.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// One row of a block table, made concrete.
struct BlockOptions {
  std::int64_t in_channels = 1, out_channels = 1;
  std::int64_t kernel = 3, stride = 1;
  std::int64_t expand = 4;  // the hidden width is expand in_channels
  double drop_path = 0.0;

  std::int64_t hidden() const { return expand * in_channels; }
  bool residual() const { return stride == 1 && in_channels == out_channels; }
};

/// expand 1 x 1 (absent if the ratio is 1) -> depthwise k x k -> squeeze-excite -> project 1 x 1,
/// then drop path and the residual, where stride and channels allow one.
/// The squeezed width is a quarter of the block's input channels.
template <class T>
struct MBConv {
  using value_type = T;
  struct Saved {
    typename ConvBnAct<T>::Saved expand, project;
    typename DepthwiseConvBnAct<T>::Saved depthwise;
    typename SqueezeExcite<T>::Saved squeeze_excite;
    typename DropPath<T>::Saved drop_path;
    Tensor<T> expanded, filtered, gated;
  };

  std::optional<ConvBnAct<T>> expand;
  DepthwiseConvBnAct<T> depthwise;
  SqueezeExcite<T> squeeze_excite;
  ConvBnAct<T> project;
  DropPath<T> drop_path;
  bool residual;

  EFFV2_SETUP explicit MBConv(const BlockOptions& o, const BlockDefaults& defaults = {})
      : depthwise(depthwise_conv_bn_act<T>(o.hidden(), o.kernel, o.stride, defaults)),
        squeeze_excite(o.hidden(), std::max<std::int64_t>(1, o.in_channels / 4),
                       defaults.activation),
        project(conv_bn_act<T>(o.hidden(), o.out_channels, 1, 1, defaults, ActivationKind::identity,
                               o.residual() ? defaults.branch_gamma : 1.0)),
        drop_path(o.drop_path),
        residual(o.residual()) {
    if (o.expand != 1) {
      expand.emplace(
          conv_bn_act<T>(o.in_channels, o.hidden(), 1, 1, defaults, defaults.activation));
    }
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    if (expand) saved.expanded = expand->forward(x, saved.expand, context);
    const Tensor<T>& hidden = expand ? saved.expanded : x;
    saved.filtered = depthwise.forward(hidden, saved.depthwise, context);
    saved.gated = squeeze_excite.forward(saved.filtered, saved.squeeze_excite, context);
    Tensor<T> y = project.forward(saved.gated, saved.project, context);
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
    Tensor<T> d = project.backward(dropped.empty() ? dy : dropped, saved.project, context);
    saved.gated = {};
    d = squeeze_excite.backward(d, saved.squeeze_excite, context);
    saved.filtered = {};
    d = depthwise.backward(d, saved.depthwise, context);
    saved.expanded = {};
    if (expand) d = expand->backward(d, saved.expand, context);
    if (residual && !d.empty()) kernels::add<T>(d, d, dy, context.execution);
    return d;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Tensor<T> y =
        expand ? depthwise.infer(expand->infer(x, context), context) : depthwise.infer(x, context);
    y = project.infer(squeeze_excite.infer(y, context), context);
    if (residual) kernels::add<T>(y, y, x, context.execution);
    return y;
  }

  void visit(Visitor<T>& visitor) {
    if (expand) visitor("expand", *expand);
    visitor("depthwise", depthwise);
    visitor("squeeze_excite", squeeze_excite);
    visitor("project", project);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    int node = input;
    if (expand) node = graph.enter("expand", *expand, node);
    node = graph.enter("depthwise", depthwise, node);
    node = graph.enter("squeeze_excite", squeeze_excite, node);
    node = graph.enter("project", project, node);
    return residual ? graph.add({"add", graph.shape(node)}, {node, input}) : node;
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
