// The step that is timed: forward, loss with label smoothing, backward and AdamW.
#pragma once

#include <cstdint>
#include <effv2/core/tensor.hpp>
#include <effv2/kernels/loss.hpp>
#include <effv2/nn/context.hpp>
#include <effv2/optim/adamw.hpp>
#include <string>
#include <vector>

/// Leaves the gradients as a backward pass would: written, and not zeros to be filled in.
template <class Model>
void pretend_backward(Model& model) {
  effv2::nn::for_each_parameter(
      model, [](const std::string&, auto& parameter) { parameter.accumulator(); });
}

/// Trains `model` on one batch x over and over. Both must outlive it.
template <class Model>
class TrainingStep {
 public:
  TrainingStep(Model& model, const effv2::Tensor<float>& x, std::int64_t classes, int threads)
      : model_(model), x_(x), context_(threads), optimizer_(model, {.weight_decay = 0.02}) {
    for (std::int64_t n = 0; n < x.extent(0); ++n) {
      labels_.push_back(static_cast<std::int32_t>(n % classes));
    }
  }

  void operator()() {
    context_.begin_step(step_++, x_);
    const effv2::Tensor<float> logits = model_.forward(x_, saved_, context_);
    effv2::Tensor<float> targets = context_.tensor(logits.shape());
    effv2::Tensor<float> d = context_.tensor(logits.shape());
    effv2::kernels::smooth_targets<float>(targets, labels_, 0.1);
    effv2::kernels::softmax_cross_entropy<float>(d, logits, targets);
    model_.backward(d, saved_, context_);
    optimizer_.step(1e-4, context_.execution);
  }

 private:
  Model& model_;
  const effv2::Tensor<float>& x_;
  effv2::nn::Context<float> context_;
  effv2::optim::AdamW<float> optimizer_;
  typename Model::Saved saved_;
  std::vector<std::int32_t> labels_;
  std::uint64_t step_ = 0;
};
