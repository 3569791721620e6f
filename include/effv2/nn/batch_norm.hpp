// Batch normalisation, with the activation that follows it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../kernels/batch_norm.hpp"
#include "check.hpp"
#include "context.hpp"
#include "graph.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

using kernels::ActivationKind;

struct BatchNormOptions {
  std::int64_t channels = 1;
  ActivationKind activation = ActivationKind::identity;
  double epsilon = 1e-3;  // folded into weights by infer: who changes it clears the contexts
  double momentum = 0.1;  // of the new statistics, as PyTorch counts it
  double gamma = 1.0;     // what the weight starts with
};

/// y = f(gamma (x - mean) / sqrt(variance + epsilon) + beta) over x (..., C): with the batch's
/// statistics in training, the running ones in inference and when they (either of them) are frozen.
template <class T>
struct BatchNorm {
  using value_type = T;
  struct Saved {
    View<const T> x;
    Tensor<T> mean, variance, scale, shift;
  };

  BatchNormOptions options;
  Parameter<T> weight, bias;  // gamma and beta
  State<T> running_mean, running_var;

  explicit BatchNorm(const BatchNormOptions& o)
      : options(o),
        weight({o.channels}, Initializer::constant(o.gamma), WeightDecay::no),
        bias({o.channels}, Initializer::constant(0.0), WeightDecay::no),
        running_mean({o.channels}, Initializer::constant(0.0)),
        running_var({o.channels}, Initializer::constant(1.0)) {
    EFFV2_CHECK(o.channels > 0, ErrorCode::invalid_argument,
                "[batch_norm] expected at least 1 channel, got ", o.channels);
    EFFV2_CHECK(
        o.epsilon > 0.0 && std::isfinite(o.epsilon) && o.momentum >= 0.0 && o.momentum <= 1.0,
        ErrorCode::invalid_argument,
        "[batch_norm] expected a finite epsilon > 0 and momentum in [0, 1], got ", o.epsilon,
        " and ", o.momentum);
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    prepare(x, saved, context);
    return apply(saved, context);
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  /// The first half of forward: statistics and what follows from them. `sums`, if there are any,
  /// were taken while x was written.
  void prepare(const Tensor<T>& x, Saved& saved, Context<T>& context,
               const kernels::ChannelSums<T>& sums = {}) {
    check(x.shape());
    const std::int64_t channels = options.channels, rows = x.size() / channels;
    saved.x = x.view();
    for (Tensor<T>* t : {&saved.mean, &saved.variance, &saved.scale, &saved.shift}) {
      if (t->size() != channels) *t = context.tensor({channels});
    }
    if (!uses_batch()) {
      saved.mean = running_mean.value();
      saved.variance = running_var.value();
    } else {
      EFFV2_CHECK(rows > 1, ErrorCode::invalid_argument,
                  "[batch_norm] training needs more than one value per channel, got shape ",
                  x.shape());
      if (sums.empty()) {
        kernels::batch_norm_statistics<T>(saved.mean, saved.variance, x, context.execution);
      } else {
        kernels::batch_norm_statistics<T>(saved.mean, saved.variance, sums, context.execution);
      }
      if (is_finite<T>(saved.mean) && is_finite<T>(saved.variance)) {
        kernels::batch_norm_update_running<T>(
            running_mean.edit(), running_var.edit(), saved.mean, saved.variance, rows,
            context.statistics_momentum.value_or(options.momentum));
      } else {  // the step will be given up; the running statistics would never recover
        context.note_non_finite(running_mean);
      }
    }
    kernels::batch_norm_coefficients<T>(saved.scale, saved.shift, weight.value(), bias.value(),
                                        saved.mean, saved.variance, options.epsilon);
  }

  /// The second half: y, blended. May be called again, for a y that was not kept.
  Tensor<T> apply(const Saved& saved, Context<T>& context,
                  const kernels::Blend<T>& blend = {}) const {
    Tensor<T> y = context.tensor(saved.x.shape());
    kernels::batch_norm_forward<T>(y, saved.x, normalization(saved), context.execution, blend);
    return y;
  }

  kernels::Normalization<T> normalization(const Saved& saved) const {
    return {saved.scale, saved.shift, options.activation};
  }

  /// With u = gamma x^ + beta, du = dy f'(u), over M rows:
  /// dbeta += sum du,  dgamma += sum du x^,  and of the batch's statistics
  /// dx = gamma / sqrt(variance + epsilon) (du - (sum du + x^ sum du x^) / M); of fixed ones, the
  /// term with 1 / M is not there. A blend is of dy.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context,
                     const kernels::Blend<T>& blend = {}) {
    detail::check_gradient(dy, saved.x.shape(), "batch_norm");
    Tensor<T> dx = context.tensor(dy.shape());
    const auto statistics = uses_batch() ? kernels::Statistics::batch : kernels::Statistics::fixed;
    kernels::batch_norm_backward<T>(dx, weight.frozen ? View<T>{} : weight.gradient().view(),
                                    bias.frozen ? View<T>{} : bias.gradient().view(), dy, saved.x,
                                    normalization(saved), saved.mean, saved.variance,
                                    options.epsilon, statistics, context.execution, blend);
    return dx;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    check(x.shape());
    Tensor<T> scale = context.tensor({options.channels}),
              shift = context.tensor({options.channels});
    running_coefficients(scale, shift);
    Tensor<T> y = context.tensor(x.shape());
    kernels::batch_norm_forward<T>(y, x, {scale, shift, options.activation}, context.execution);
    return y;
  }

  /// Inference is y = f(scale x + shift).
  void running_coefficients(View<T> scale, View<T> shift) const {
    kernels::batch_norm_coefficients<T>(scale, shift, weight.value(), bias.value(),
                                        running_mean.value(), running_var.value(), options.epsilon);
  }

  /// Raised by every change of what inference depends on.
  std::uint64_t version() const {
    return std::max(
        {weight.version(), bias.version(), running_mean.version(), running_var.version()});
  }

  void visit(Visitor<T>& visitor) {
    visitor("weight", weight);
    visitor("bias", bias);
    visitor("running_mean", running_mean);
    visitor("running_var", running_var);
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    check(graph.shape(input));
    const int node = graph.add({"batch_norm",
                                graph.shape(input),
                                weight.size() + bias.size(),
                                0,
                                {{"epsilon", options.epsilon}}},
                               {input});
    graph.note(node, "momentum", options.momentum);
    if (options.activation == ActivationKind::identity) return node;
    return graph.add({std::string(kernels::name_of(options.activation)), graph.shape(input)},
                     {node});
  }

 private:
  // In training; mean and variance are of the same numbers or of no use together.
  bool uses_batch() const { return !running_mean.frozen && !running_var.frozen; }

  void check(const Shape& x) const {
    EFFV2_CHECK(x.rank() > 0 && x.size() > 0 && x[x.rank() - 1] == options.channels,
                ErrorCode::shape_mismatch, "[batch_norm] expected (..., ", options.channels,
                "), got ", x);
  }
};

}  // namespace effv2::inline EFFV2_ISA::nn
