// MBConv: the inverted residual with squeeze-and-excitation (EfficientNet; MobileNetV2, V3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/blend.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/squeeze_excite.hpp"
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
  /// Whether there is a shortcut: where what comes out is shaped like what goes in.
  bool residual(Padding padding) const {
    const bool keeps_size = kernel == 1 || padding == Padding::same ||
                            (padding == Padding::symmetric && kernel % 2 == 1);
    return stride == 1 && in_channels == out_channels && keeps_size;
  }
};

/// expand 1 x 1 (absent if the ratio is 1) -> depthwise k x k -> squeeze-excite -> project 1 x 1,
/// then drop path and the residual, where the shapes allow one:
///
///   e = expand(x)    a = depthwise(e)    s = gate(mean of a)    y = m project(a s) + x
///
/// with s (N, C) and m (N) drop path's factors. The squeezed width is a quarter of the block's
/// input channels.
template <class T>
struct MBConv {
  using value_type = T;
  struct Saved {
    typename ConvBnAct<T>::Saved expand, project;
    typename DepthwiseConvBnAct<T>::Saved depthwise;
    typename SqueezeExcite<T>::Saved squeeze_excite;
    typename DropPath<T>::Saved drop_path;
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
                               o.residual(defaults.padding) ? defaults.branch_gamma : 1.0)),
        drop_path(o.drop_path),
        residual(o.residual(defaults.padding)) {
    if (o.expand != 1) {
      expand.emplace(
          conv_bn_act<T>(o.in_channels, o.hidden(), 1, 1, defaults, defaults.activation));
    }
  }

  // What lies between the parts is as large as everything else in the block together, and cheap to
  // compute again from what the convolutions wrote: it is not kept for the backward pass, and what
  // the depthwise part yields before it is gated is never written at all.

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    if (expand) {
      depthwise.prepare(expand->forward(x, saved.expand, context), saved.depthwise, context);
    } else {
      depthwise.prepare(x, saved.depthwise, context);
    }
    Tensor<T> mean = context.tensor({x.extent(0), squeeze_excite.reduce.in()});
    kernels::squeeze_forward<T>(mean, saved.depthwise.z, context.execution,
                                depthwise.bn.normalization(saved.depthwise.bn));
    squeeze_excite.gate(std::move(mean), saved.squeeze_excite, context);
    return project.forward(
        gated(saved, context), saved.project, context,
        residual ? drop_path.shortcut(x, saved.drop_path, context) : kernels::Blend<T>{});
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  /// With ' for a part's own backward pass and P pixels, from last to first:
  ///
  ///   d(a s) = project'(m dy)            ds = sum over pixels of d(a s) a
  ///   dmean = gate'(ds)                  da = d(a s) s + dmean / P
  ///   de = depthwise'(da)                dx = expand'(de) + dy
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    const Execution& run = context.execution;
    depthwise.check_saved(saved.depthwise);
    Tensor<T> dgated = project.backward(
        dy, gated(saved, context), saved.project, context,
        residual ? drop_path.shortcut_backward(saved.drop_path) : kernels::Blend<T>{});
    const Tensor<T>& gate = saved.squeeze_excite.gate;
    Tensor<T> dgate = context.tensor(gate.shape());
    kernels::excite_backward_gate<T>(dgate, dgated, saved.depthwise.z, run,
                                     depthwise.bn.normalization(saved.depthwise.bn));
    Tensor<T> dpixel =
        squeeze_excite.gate_backward(std::move(dgate), saved.squeeze_excite, context);
    const T pixels = static_cast<T>(dgated.size() / dpixel.size());
    kernels::scale<T>(dpixel, dpixel, T{1} / pixels, run);  // dmean / P
    const View<const T> shortcut = residual ? dy.view() : View<const T>{};
    const kernels::Blend<T> da{.factor = gate, .summand = dpixel};  // of dgated
    if (!expand) return depthwise.backward(dgated, saved.depthwise, context, da, shortcut);
    const Tensor<T> dexpanded = depthwise.backward(
        dgated, expand->bn.apply(saved.expand.bn, context), saved.depthwise, context, da);
    dgated = {};  // as large as dx of the expansion: its memory is wanted again
    return expand->backward(dexpanded, saved.expand, context, {}, shortcut);
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    Tensor<T> y =
        expand ? depthwise.infer(expand->infer(x, context), context) : depthwise.infer(x, context);
    kernels::excite_forward<T>(y, y, squeeze_excite.infer_gate(y, context), context.execution);
    y = project.infer(y, context);
    if (residual) kernels::add<T>(y, y, x, context.execution);
    return y;
  }

  static constexpr bool skips_data_gradient() { return true; }

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
    if (!residual) return node;
    node = drop_path.describe(graph, node);
    return graph.add({"add", graph.shape(node)}, {node, input});
  }

 private:
  // What the projection reads: the depthwise part's result times the gate.
  Tensor<T> gated(const Saved& saved, Context<T>& context) const {
    return depthwise.bn.apply(saved.depthwise.bn, context, {saved.squeeze_excite.gate, {}});
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
