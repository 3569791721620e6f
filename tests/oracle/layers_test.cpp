// Single layers against PyTorch, for the conventions that are easy to get wrong. README.md says
// what each case settles.
#include <effv2/data/resize.hpp>
#include <effv2/kernels/loss.hpp>
#include <effv2/nn/activation.hpp>
#include <effv2/nn/batch_norm.hpp>
#include <effv2/nn/conv2d.hpp>
#include <effv2/nn/depthwise_conv2d.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/optim/adamw.hpp>
#include <effv2/optim/sgd.hpp>

#include "../support/compare.hpp"
#include "dump.hpp"

namespace effv2::layers_test {

using testing::pictures_from_torch;
using testing::weights_from_torch;

namespace {

constexpr double tolerance = 1e-12;

const testing::Dump& dump() {
  static const testing::Dump tensors = testing::read_dump("layers.safetensors");
  return tensors;
}

const Tensor<double>& at(const std::string& name) {
  INFO(name);
  REQUIRE(dump().contains(name));
  return dump().at(name);
}

// Activations of a case in our layout; vectors as they are.
Tensor<double> activations(const std::string& name) {
  const Tensor<double>& x = at(name);
  return x.rank() == 4 ? pictures_from_torch(x) : Tensor<double>(x);
}

// Forward and backward of one layer against the dump's output and gradient of the input.
template <class Layer>
void check(const std::string& name, Layer& layer) {
  CAPTURE(name);
  nn::Context<double> context(1);
  typename Layer::Saved saved;
  const Tensor<double> x = activations(name + ".input");
  const Tensor<double> y = layer.forward(x, saved, context);
  CHECK(testing::relative_difference(y, activations(name + ".output")) <= tolerance);
  const Tensor<double> dx = layer.backward(activations(name + ".cotangent"), saved, context);
  CHECK(testing::relative_difference(dx, activations(name + ".gradient.input")) <= tolerance);
}

template <class Layer>
void check_weighted(const std::string& name, Layer layer) {
  layer.weight.edit() = weights_from_torch<double>(at(name + ".weight"), layer.weight.shape());
  check(name, layer);
  CHECK(testing::relative_difference(
            layer.weight.gradient(),
            weights_from_torch<double>(at(name + ".gradient.weight"), layer.weight.shape())) <=
        tolerance);
}

}  // namespace

TEST_CASE("convolutions with both paddings, against PyTorch", "[oracle]") {
  using nn::Padding;
  for (const auto& [name, padding] :
       {std::pair{"same", Padding::same}, std::pair{"symmetric", Padding::symmetric}}) {
    for (const std::string size : {"odd", "even", "mixed"}) {
      const std::string ending = std::string("_") + name + "_" + size;
      check_weighted("conv2d" + ending, nn::Conv2d<double>({3, 5, 3, 2, padding}));
      check_weighted("depthwise" + ending, nn::DepthwiseConv2d<double>({4, 5, 2, padding}));
    }
  }
}

TEST_CASE("batch norm in training and inference, against PyTorch", "[oracle]") {
  for (const std::string mode : {"train", "eval"}) {
    const std::string name = "batch_norm_" + mode;
    nn::BatchNorm<double> bn({.channels = 5});
    bn.weight.edit() = at(name + ".weight");
    bn.bias.edit() = at(name + ".bias");
    bn.running_mean.edit() = at(name + ".running_mean");
    bn.running_var.edit() = at(name + ".running_var");
    bn.running_mean.frozen = bn.running_var.frozen = mode == "eval";
    check(name, bn);
    const auto same = [&](const Tensor<double>& found, const std::string& part) {
      CAPTURE(name, part);
      CHECK(testing::relative_difference(found, at(name + part)) <= tolerance);
    };
    same(bn.weight.gradient(), ".gradient.weight");
    same(bn.bias.gradient(), ".gradient.bias");
    same(bn.running_mean.value(), ".after.running_mean");
    same(bn.running_var.value(), ".after.running_var");
  }
}

TEST_CASE("activations and pools, against PyTorch", "[oracle]") {
  nn::Activation<double> hard_swish{nn::ActivationKind::hard_swish}, silu{nn::ActivationKind::silu};
  check("hardswish", hard_swish);
  check("silu", silu);
  for (const std::string size : {"odd", "even"}) {
    nn::MaxPool<double> max{{3, 2, nn::Padding::symmetric}};
    nn::AveragePool<double> average{{3, 2, nn::Padding::symmetric}};
    check("max_pool_" + size, max);
    check("avg_pool_" + size, average);
  }
}

TEST_CASE("cross-entropy, against PyTorch", "[oracle]") {
  const auto same = [](const std::string& name, const Tensor<double>& targets) {
    CAPTURE(name);
    Tensor<double> d(targets.shape());
    const double loss = kernels::softmax_cross_entropy<double>(d, at(name + ".logits"), targets);
    CHECK(loss == Approx(at(name + ".output")[0]).epsilon(tolerance));
    CHECK(testing::relative_difference(d, at(name + ".gradient.logits")) <= tolerance);
  };
  Tensor<double> targets({5, 10});
  std::vector<std::int32_t> labels;
  for (const double label : at("cross_entropy_labels.labels")) {
    labels.push_back(static_cast<std::int32_t>(label));
  }
  kernels::smooth_targets<double>(targets, labels, 0.1);
  same("cross_entropy_labels", targets);
  same("cross_entropy_soft", at("cross_entropy_soft.targets"));
}

TEST_CASE("three steps of AdamW and Nesterov's SGD, against PyTorch", "[oracle]") {
  const auto check_steps = [](const std::string& name, auto make) {
    CAPTURE(name);
    nn::Linear<double> layer(3, 4);  // element by element, so only the sizes matter
    std::copy_n(at(name + ".initial.weight").begin(), 12, layer.weight.edit().begin());
    std::copy_n(at(name + ".initial.bias").begin(), 4, layer.bias.edit().begin());
    auto optimizer = make(layer);
    for (std::int64_t step = 0; step < 3; ++step) {
      std::copy_n(at(name + ".gradients.weight").begin() + 12 * step, 12,
                  layer.weight.gradient().begin());
      std::copy_n(at(name + ".gradients.bias").begin() + 4 * step, 4,
                  layer.bias.gradient().begin());
      optimizer.step(0.01, Execution(1));
      for (std::int64_t i = 0; i < 12; ++i) {
        REQUIRE(layer.weight.value()[i] ==
                Approx(at(name + ".after.weight")[12 * step + i]).epsilon(1e-12));
      }
      for (std::int64_t i = 0; i < 4; ++i) {
        REQUIRE(layer.bias.value()[i] ==
                Approx(at(name + ".after.bias")[4 * step + i]).epsilon(1e-12));
      }
    }
  };
  check_steps("adamw", [](auto& layer) {
    return optim::AdamW<double>(layer, {.epsilon = 1e-3, .weight_decay = 0.05});
  });
  check_steps("sgd_nesterov", [](auto& layer) {
    return optim::Sgd<double>(layer, {.momentum = 0.9, .nesterov = true, .weight_decay = 0.02});
  });
}

TEST_CASE("bilinear resizing, against PyTorch", "[oracle]") {
  for (const auto& [name, size] :
       {std::pair{"bilinear_28_20", 20}, std::pair{"bilinear_16_28", 28}}) {
    CAPTURE(name);
    const Tensor<double> resized =
        data::resize(activations(std::string(name) + ".input"), size, size, false);
    CHECK(testing::relative_difference(resized, activations(std::string(name) + ".output")) <=
          1e-6);
  }
}

}  // namespace effv2::layers_test
