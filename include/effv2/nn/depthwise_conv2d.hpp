// Depthwise convolution: every channel has a filter of its own.
#pragma once

#include <cmath>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/depthwise_conv2d.hpp"
#include "check.hpp"
#include "context.hpp"
#include "conv2d.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

struct DepthwiseConv2dOptions {
  std::int64_t channels = 1;
  std::int64_t kernel = 3, stride = 1;
  Padding padding = Padding::symmetric;
};

/// (N, H, W, C) -> (N, OH, OW, C); weight (k, k, C) ~ N(0, sqrt(2 / (k k))); k up to 7; no bias.
template <class T>
struct DepthwiseConv2d {
  using value_type = T;
  struct Saved {
    View<const T> x;
  };

  DepthwiseConv2dOptions options;
  Parameter<T> weight;

  explicit DepthwiseConv2d(const DepthwiseConv2dOptions& o) : options(o) {
    EFFV2_CHECK(o.channels > 0, ErrorCode::invalid_argument,
                "[depthwise_conv2d] expected at least 1 channel, got ", o.channels);
    EFFV2_CHECK(o.kernel > 0 && o.kernel <= 7, ErrorCode::unsupported,
                "[depthwise_conv2d] expected a kernel of 1 to 7, got ", o.kernel);
    EFFV2_CHECK(o.stride == 1 || o.stride == 2, ErrorCode::unsupported,
                "[depthwise_conv2d] expected a stride of 1 or 2, got ", o.stride);
    const double fan_out = static_cast<double>(o.kernel * o.kernel);
    weight = Parameter<T>({o.kernel, o.kernel, o.channels},
                          Initializer::normal(std::sqrt(2.0 / fan_out)), WeightDecay::yes);
  }

  kernels::Window window(const Shape& x) const {
    return {x[1], x[2], options.kernel, options.stride, options.padding};
  }
  Shape output_shape(const Shape& x) const {
    const kernels::Window w = window(x);
    return {x[0], w.out_height, w.out_width, options.channels};
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context,
                    const kernels::Epilogue<T>& epilogue = {}) {
    saved.x = x.view();
    return apply(x, weight.value(), {}, context, epilogue);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    return apply(x, weight.value(), {}, context);
  }

  /// With other weights than its own and a bias (a batch norm folded in), and an epilogue.
  Tensor<T> apply(const Tensor<T>& x, View<const T> weights, View<const T> bias,
                  Context<T>& context, const kernels::Epilogue<T>& epilogue = {}) const {
    check(x);
    Tensor<T> y = context.tensor(output_shape(x.shape()));
    kernels::depthwise_conv2d_forward<T>(y, x, weights, bias, context.plan(window(x.shape())),
                                         context.execution, epilogue);
    return y;
  }

  /// As Conv2d's, channel by channel: dw[t, c] += sum x[n, source(p, t), c] dy[n, p, c],
  /// dx[n, q, c] = sum of dy[n, p, c] w[t, c] where source(p, t) = q, plus `summand`, if given.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context,
                     View<const T> summand = {}) {
    const Shape& shape = saved.x.shape();
    detail::check_gradient(dy, output_shape(shape), "depthwise_conv2d");
    const kernels::WindowPlan& plan = context.plan(window(shape));
    if (!weight.frozen) {
      kernels::depthwise_conv2d_backward_weights<T>(weight.accumulator(), dy, saved.x, plan,
                                                    context.execution);
    }
    if (context.is_data(saved.x)) return {};
    Tensor<T> dx = context.tensor(shape);
    kernels::depthwise_conv2d_backward_data<T>(dx, dy, weight.value(), plan, context.execution,
                                               summand);
    return dx;
  }

  /// Throws unless x is a picture of as many channels.
  void check(const Tensor<T>& x) const {
    detail::check_picture(x.shape(), options.channels, "depthwise_conv2d");
  }

  static constexpr bool skips_data_gradient() { return true; }

  void visit(Visitor<T>& visitor) { visitor("weight", weight); }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    detail::check_picture(graph.shape(input), options.channels, "depthwise_conv2d");
    const Shape output = output_shape(graph.shape(input));
    return graph.add(
        {"depthwise_conv2d", output, weight.size(), output.size() * options.kernel * options.kernel,
         attributes_of(window(graph.shape(input)))},
        {input});
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
