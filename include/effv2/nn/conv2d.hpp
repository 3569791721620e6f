// Convolution.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/bias.hpp"
#include "../kernels/conv2d.hpp"
#include "check.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

using kernels::Padding;

struct Conv2dOptions {
  std::int64_t in_channels = 1, out_channels = 1;
  std::int64_t kernel = 3, stride = 1;
  Padding padding = Padding::symmetric;
  bool bias = false;
};

/// (N, H, W, in) -> (N, OH, OW, out); weight (k, k, in, out) ~ N(0, sqrt(2 / (k k out))).
template <class T>
struct Conv2d {
  using value_type = T;
  struct Saved {
    View<const T> x;
  };

  Conv2dOptions options;
  Parameter<T> weight, bias;

  explicit Conv2d(const Conv2dOptions& o) : options(o) {
    EFFV2_CHECK(o.in_channels > 0 && o.out_channels > 0, ErrorCode::invalid_argument,
                "[conv2d] expected channels of at least 1, got ", o.in_channels, " -> ",
                o.out_channels);
    EFFV2_CHECK(o.kernel > 0 && o.stride > 0, ErrorCode::invalid_argument,
                "[conv2d] expected kernel and stride of at least 1, got ", o.kernel, " and ",
                o.stride);
    EFFV2_CHECK(std::max(o.kernel, o.stride) <= kernels::max_kernel, ErrorCode::unsupported,
                "[conv2d] expected kernel and stride of at most ", kernels::max_kernel, ", got ",
                o.kernel, " and ", o.stride);
    const double fan_out = static_cast<double>(o.kernel * o.kernel * o.out_channels);
    weight = Parameter<T>({o.kernel, o.kernel, o.in_channels, o.out_channels},
                          Initializer::normal(std::sqrt(2.0 / fan_out)), WeightDecay::yes);
    if (o.bias) {
      bias = Parameter<T>({o.out_channels}, Initializer::constant(0.0), WeightDecay::no);
    }
  }

  kernels::Window window(const Shape& x) const {
    return {x[1], x[2], options.kernel, options.stride, options.padding};
  }
  Shape output_shape(const Shape& x) const {
    const kernels::Window w = window(x);
    return {x[0], w.out_height, w.out_width, options.out_channels};
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context,
                    const kernels::Epilogue<T>& epilogue = {}) {
    check(x);
    saved.x = x.view();
    return apply(x, context.pack(weight, kernels::Transpose::no, window(x.shape())), bias_view(),
                 context, epilogue);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    check(x);
    return apply(x, context.packed(weight, window(x.shape())), bias_view(), context);
  }

  /// With other weights and bias than its own (a batch norm folded in), and an epilogue. x must
  /// have passed check.
  Tensor<T> apply(const Tensor<T>& x, const kernels::PackedMatrix<T>& weights, View<const T> b,
                  Context<T>& context, const kernels::Epilogue<T>& epilogue = {}) const {
    Tensor<T> y = context.tensor(output_shape(x.shape()));
    kernels::conv2d_forward<T>(y, x, weights, b, context.plan(window(x.shape())), context.execution,
                               epilogue);
    return y;
  }

  /// Over output pixels p, taps t and the pixels source(p, t) that they read:
  /// dw[t, i, o] += sum x[n, source(p, t), i] dy[n, p, o],  db[o] += sum dy[n, p, o],
  /// dx[n, q, i] = sum of dy[n, p, o] w[t, i, o] where source(p, t) = q, plus `summand`, if given.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context,
                     View<const T> summand = {}) {
    const Shape& shape = saved.x.shape();
    detail::check_gradient(dy, output_shape(shape), "conv2d");
    const kernels::WindowPlan& plan = context.plan(window(shape));
    if (!weight.frozen) {
      kernels::conv2d_backward_weights<T>(weight.accumulator(), dy, saved.x, plan,
                                          context.execution);
    }
    if (!bias.empty() && !bias.frozen) {
      kernels::bias_backward<T>(bias.gradient(), dy, context.execution);
    }
    if (context.is_data(saved.x)) return {};
    Tensor<T> dx = context.tensor(shape);
    kernels::conv2d_backward_data<T>(dx, dy,
                                     context.pack(weight, kernels::Transpose::yes, plan.window),
                                     plan, context.execution, summand);
    return dx;
  }

  /// Throws unless x is a picture of as many channels.
  void check(const Tensor<T>& x) const {
    detail::check_picture(x.shape(), options.in_channels, "conv2d");
  }

  static constexpr bool skips_data_gradient() { return true; }

  void visit(Visitor<T>& visitor) {
    visitor("weight", weight);
    if (!bias.empty()) visitor("bias", bias);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    detail::check_picture(graph.shape(input), options.in_channels, "conv2d");
    const Shape output = output_shape(graph.shape(input));
    return graph.add({"conv2d", output, weight.size() + bias.size(),
                      output.size() * options.kernel * options.kernel * options.in_channels,
                      attributes_of(window(graph.shape(input)))},
                     {input});
  }

 private:
  View<const T> bias_view() const { return bias.empty() ? View<const T>{} : bias.value().view(); }
};

}  // namespace effv2::inline EFFV2_ISA::nn
