// Convolution, batch norm, activation: the unit that everything else is made of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/activation.hpp"
#include "../kernels/batch_norm.hpp"
#include "../kernels/blend.hpp"
#include "../kernels/epilogue.hpp"
#include "batch_norm.hpp"
#include "context.hpp"
#include "conv2d.hpp"
#include "depthwise_conv2d.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// y = f(bn(conv(x))), where conv is Conv2d or DepthwiseConv2d; identity as activation makes it the
/// linear projection.
template <class T, class Convolution>
struct ConvolutionBnAct {
  using value_type = T;
  struct Saved {
    typename Convolution::Saved conv;
    Tensor<T> z;  // of the convolution
    typename BatchNorm<T>::Saved bn;
  };

  Convolution conv;
  BatchNorm<T> bn;

  /// The convolution without bias: batch norm takes out whatever it adds.
  ConvolutionBnAct(Convolution convolution, const BatchNormOptions& options)
      : conv(std::move(convolution)), bn(options) {
    const Shape& shape = conv.weight.shape();
    EFFV2_CHECK(shape[shape.rank() - 1] == options.channels, ErrorCode::shape_mismatch,
                "[conv_bn_act] expected a batch norm of ", shape[shape.rank() - 1],
                " channels, as the convolution's result has, got ", options.channels);
    if constexpr (std::is_same_v<Convolution, Conv2d<T>>) {
      EFFV2_CHECK(conv.bias.empty(), ErrorCode::unsupported,
                  "[conv_bn_act] expected a convolution without bias");
    }
  }

  /// The result blended, in the pass that writes it; a summand is a picture of its shape.
  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context,
                    const kernels::Blend<T>& blend = {}) {
    prepare(x, saved, context);
    EFFV2_CHECK(blend.summand.empty() || blend.summand.shape() == saved.z.shape(),
                ErrorCode::shape_mismatch, "[conv_bn_act] expected a shortcut of shape ",
                saved.z.shape(), ", got ", blend.summand.shape());
    return bn.apply(saved.bn, context, blend);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  /// Forward as far as y = f(scale z + shift), which is not yet written: bn.apply does it.
  void prepare(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    kernels::ChannelSums<T> sums;
    saved.z = conv.forward(x, saved.conv, context, {.sums = &sums});
    bn.prepare(saved.z, saved.bn, context, sums);
  }

  /// dz = bn'(blend of dy),  dx = conv'(dz) + summand.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context,
                     const kernels::Blend<T>& blend = {}, View<const T> summand = {}) {
    check_saved(saved);
    const Tensor<T> dz = bn.backward(dy, saved.bn, context, blend);
    saved.z = {};
    return conv.backward(dz, saved.conv, context, summand);
  }

  /// The same where x was not kept since forward, and was computed again.
  Tensor<T> backward(const Tensor<T>& dy, const Tensor<T>& x, Saved& saved, Context<T>& context,
                     const kernels::Blend<T>& blend = {}, View<const T> summand = {}) {
    saved.conv.x = x;
    return backward(dy, saved, context, blend, summand);
  }

  /// Throws unless a forward pass filled `saved` and no backward pass has used it up.
  static void check_saved(const Saved& saved) {
    EFFV2_CHECK(!saved.z.empty(), ErrorCode::invalid_argument,
                "[conv_bn_act] a backward without its forward");
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    conv.check(x);
    // The batch norm goes into the weights: scale w and shift as bias.
    const std::uint64_t version = std::max(conv.weight.version(), bn.version());
    const auto& folded = context.derived(
        conv.weight, version, conv.window(x.shape()), [&](Tensor<T>& weights, Tensor<T>& bias) {
          Tensor<T> scale = context.tensor(bias.shape());
          bn.running_coefficients(scale, bias);
          kernels::batch_norm_fold<T>(weights, conv.weight.value(), scale);
        });
    const kernels::Epilogue<T> epilogue{.activation = bn.options.activation};
    if constexpr (std::is_same_v<Convolution, Conv2d<T>>) {
      return conv.apply(x, folded.matrix, folded.bias, context, epilogue);
    } else {
      return conv.apply(x, folded.weights, folded.bias, context, epilogue);
    }
  }

  static constexpr bool skips_data_gradient() { return true; }

  void visit(Visitor<T>& visitor) {
    visitor("conv", conv);
    visitor("bn", bn);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    return graph.enter("bn", bn, graph.keep(graph.enter("conv", conv, input)));
  }
};

template <class T>
using ConvBnAct = ConvolutionBnAct<T, Conv2d<T>>;
template <class T>
using DepthwiseConvBnAct = ConvolutionBnAct<T, DepthwiseConv2d<T>>;

/// What the parts of one model have in common.
struct BlockDefaults {
  ActivationKind activation = ActivationKind::silu;
  Padding padding = Padding::symmetric;
  double bn_epsilon = 1e-3;
  double bn_momentum = 0.1;
  /// What gamma starts with in the last batch norm of a residual branch. 1 is the paper's; with 0
  /// every such block starts as the identity, and a deep network learns like a shallow one at first
  /// (Goyal et al., "Accurate, large minibatch SGD", 2017, section 5.1).
  double branch_gamma = 1.0;

  BatchNormOptions bn(std::int64_t channels, ActivationKind f, double gamma = 1.0) const {
    return {channels, f, bn_epsilon, bn_momentum, gamma};
  }
};

/// k x k convolution, batch norm (whose weight starts with `gamma`) and `activation`.
template <class T>
ConvBnAct<T> conv_bn_act(std::int64_t in, std::int64_t out, std::int64_t kernel,
                         std::int64_t stride, const BlockDefaults& defaults,
                         ActivationKind activation, double gamma = 1.0) {
  return {Conv2d<T>({in, out, kernel, stride, defaults.padding, false}),
          defaults.bn(out, activation, gamma)};
}

/// k x k depthwise convolution, batch norm and the model's activation.
template <class T>
DepthwiseConvBnAct<T> depthwise_conv_bn_act(std::int64_t channels, std::int64_t kernel,
                                            std::int64_t stride, const BlockDefaults& defaults) {
  return {DepthwiseConv2d<T>({channels, kernel, stride, defaults.padding}),
          defaults.bn(channels, defaults.activation)};
}

}  // namespace effv2::inline EFFV2_ISA::nn
