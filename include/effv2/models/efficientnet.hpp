// The one builder: from a table to a network.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../nn/conv_bn_act.hpp"
#include "../nn/dropout.hpp"
#include "../nn/fused_mbconv.hpp"
#include "../nn/layer.hpp"
#include "../nn/linear.hpp"
#include "../nn/mbconv.hpp"
#include "../nn/pooling.hpp"
#include "../nn/sequential.hpp"
#include "block_spec.hpp"
#include "tables.hpp"

namespace effv2::inline EFFV2_ISA::models {

using nn::ActivationKind;
using nn::Padding;

/// What a network has besides its table (ModelSpec): ends that fit the data, and what is drawn at
/// random in training.
struct EfficientNetOptions {
  std::int64_t in_channels = 3;
  std::int64_t classes = 1000;
  std::int64_t head = 0;  // width of the last convolution; 0: the table's
  std::int64_t stem_stride = 2;
  double dropout = -1.0;            // before the classifier; negative: the table's
  double classifier_scale = 1.0;    // of its starting weights; small ones start without an opinion
  double drop_path = 0.2;           // rises linearly over the blocks, from 0 to almost this
  nn::BlockDefaults defaults = {};  // activation, padding, batch norm
};

/// stem -> blocks -> head (1 x 1) -> global average pool -> dropout -> classifier.
/// x (N, H, W, in_channels) -> logits (N, classes). A layer like any other.
template <class T>
struct EfficientNet {
  using value_type = T;
  struct Saved {
    typename nn::ConvBnAct<T>::Saved stem, head;
    typename nn::Sequential<T>::Saved blocks;
    typename nn::GlobalAveragePool<T>::Saved pool;
    typename nn::Dropout<T>::Saved dropout;
    typename nn::Linear<T>::Saved classifier;
    Tensor<T> stem_output, blocks_output, dropped;
    bool is_whole = false;  // a forward pass came to its end, no backward pass used it up
  };

  ModelSpec spec;               // what it was built from
  EfficientNetOptions options;  // likewise

  nn::ConvBnAct<T> stem;
  nn::Sequential<T> blocks;
  nn::ConvBnAct<T> head;
  nn::GlobalAveragePool<T> pool;
  nn::Dropout<T> dropout;
  nn::Linear<T> classifier;

  /// Weights have no values yet: nn::initialize(model, seed), or load them.
  EFFV2_SETUP explicit EfficientNet(const ModelSpec& table, const EfficientNetOptions& o = {})
      : spec(table.validated()),
        options(o),
        stem(nn::conv_bn_act<T>(o.in_channels, spec.stem, 3, o.stem_stride, o.defaults,
                                o.defaults.activation)),
        head(nn::conv_bn_act<T>(spec.stages().back().out_channels, head_width(spec, o), 1, 1,
                                o.defaults, o.defaults.activation)),
        dropout(built_dropout()),
        classifier(make_classifier(head_width(spec, o), o)) {
    const int block_count = spec.blocks();
    int index = 0;
    for (const StageSpec& stage : spec.stages()) {
      for (int i = 0; i < stage.repeats; ++i, ++index) {
        const nn::BlockOptions block{
            i == 0 ? stage.in_channels : stage.out_channels,
            stage.out_channels,
            stage.kernel,
            i == 0 ? stage.stride : 1,
            stage.expand,
            nn::DropPath<T>::scheduled_rate(o.drop_path, index, block_count)};
        switch (stage.kind) {
          case BlockKind::mbconv:
            blocks.add(nn::MBConv<T>(block, o.defaults));
            break;
          case BlockKind::fused_mbconv:
            blocks.add(nn::FusedMBConv<T>(block, o.defaults));
            break;
        }
      }
    }
  }

  /// Puts a new classifier, with starting weights, in the place of the old one: what was learned of
  /// other classes' pictures is kept for these. Before an optimiser is made.
  void replace_classifier(std::int64_t classes, std::uint64_t seed) {
    EfficientNetOptions changed = options;
    changed.classes = classes;
    nn::Linear<T> fresh = make_classifier(classifier.in(), changed);
    nn::initialize(fresh, seed);
    classifier = std::move(fresh);
    options = changed;
  }

  /// How much the classifier's input loses from now on: a dial of progressive learning. A file of
  /// the network keeps the rate that it was built with.
  void set_dropout(double rate) { dropout = nn::Dropout<T>(rate); }
  double dropout_rate() const { return dropout.rate; }
  double built_dropout() const { return options.dropout < 0.0 ? spec.dropout : options.dropout; }

  /// What it was built from, a line each: two networks of the same weights and configuration give
  /// the same answers, and learn the same.
  std::string configuration() const {
    const nn::BlockDefaults& d = options.defaults;
    std::string text = concat("in_channels ", options.in_channels, "\nstem ", spec.stem,
                              "\nstem_stride ", options.stem_stride);
    for (const StageSpec& stage : spec.stages()) text += concat("\nblocks ", stage.to_string());
    return text + concat("\nhead ", classifier.in(), "\nclasses ", options.classes, "\ndropout ",
                         built_dropout(), "\ndrop_path ", options.drop_path, "\nactivation ",
                         kernels::name_of(d.activation), "\npadding ", kernels::name_of(d.padding),
                         "\nbn_epsilon ", d.bn_epsilon, "\nbn_momentum ", d.bn_momentum,
                         "\nbranch_gamma ", d.branch_gamma, "\nclassifier_scale ",
                         options.classifier_scale);
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, nn::Context<T>& context) {
    saved.is_whole = false;
    using nn::forward_data;
    saved.stem_output = forward_data(stem, x, saved.stem, context, blocks);
    saved.blocks_output = forward_data(blocks, saved.stem_output, saved.blocks, context, head);
    {
      const Tensor<T> features =
          forward_data(head, saved.blocks_output, saved.head, context, classifier);
      const Tensor<T> pooled =  // which keeps no view
          forward_data(pool, features, saved.pool, context, classifier);
      saved.dropped = forward_data(dropout, pooled, saved.dropout, context, classifier);
    }
    Tensor<T> logits = classifier.forward(saved.dropped, saved.classifier, context);
    saved.is_whole = true;
    return logits;
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, nn::Context<T>&) = delete;  // see nn::Layer

  /// The parts' own, from the last to the first; see nn::Layer for where it ends.
  Tensor<T> backward(const Tensor<T>& dlogits, Saved& saved, nn::Context<T>& context) {
    EFFV2_CHECK(saved.is_whole && !saved.blocks_output.empty(), ErrorCode::invalid_argument,
                "[efficientnet] a backward without its forward");
    saved.is_whole = false;
    Tensor<T> gradient = classifier.backward(dlogits, saved.classifier, context);
    if (gradient.empty()) return gradient;  // nothing before it learns
    gradient = dropout.backward(gradient, saved.dropout, context);
    gradient = pool.backward(gradient, saved.pool, context);
    gradient = head.backward(gradient, saved.head, context);
    if (gradient.empty()) return gradient;
    saved.blocks_output = {};
    gradient = blocks.backward(gradient, saved.blocks, context);
    if (gradient.empty()) return gradient;
    return stem.backward(gradient, saved.stem, context);
  }

  Tensor<T> infer(const Tensor<T>& x, nn::Context<T>& context) const {
    Tensor<T> y = head.infer(blocks.infer(stem.infer(x, context), context), context);
    return classifier.infer(pool.infer(y, context), context);
  }

  static constexpr bool skips_data_gradient() { return true; }

  void visit(nn::Visitor<T>& visitor) {
    visitor("stem", stem);
    visitor("blocks", blocks);
    visitor("head", head);
    visitor("classifier", classifier);
  }

  EFFV2_SETUP int describe(nn::Graph& graph, int input) const {
    int node = graph.keep(graph.enter("stem", stem, input));
    node = graph.enter("blocks", blocks, node);
    node = graph.enter("head", head, node);
    node = graph.enter("pool", pool, node);
    node = graph.enter("dropout", dropout, node);
    return graph.enter("classifier", classifier, node);
  }

 private:
  // As the paper's code: uniform in +-1 / sqrt(classes), scaled.
  static nn::Linear<T> make_classifier(std::int64_t in, const EfficientNetOptions& o) {
    return {
        in, o.classes,
        nn::Initializer::uniform(o.classifier_scale / std::sqrt(static_cast<double>(o.classes)))};
  }
  static std::int64_t head_width(const ModelSpec& table, const EfficientNetOptions& o) {
    EFFV2_CHECK(o.classes > 0 && o.in_channels > 0 && o.head >= 0, ErrorCode::invalid_argument,
                "[efficientnet] expected at least 1 class and input channel and a head >= 0, got ",
                o.classes, ", ", o.in_channels, " and ", o.head);
    EFFV2_CHECK(std::isfinite(o.classifier_scale), ErrorCode::invalid_argument,
                "[efficientnet] expected a scale of the classifier, got ", o.classifier_scale);
    EFFV2_CHECK(o.drop_path >= 0.0 && o.drop_path < 1.0, ErrorCode::invalid_argument,
                "[efficientnet] expected a drop path rate in [0, 1), got ", o.drop_path);
    return o.head > 0 ? o.head : table.head;
  }
};

/// The network of a table, initialised.
template <class T>
EfficientNet<T> efficientnet(const ModelSpec& table, const EfficientNetOptions& options,
                             std::uint64_t seed) {
  EfficientNet<T> model(table, options);
  nn::initialize(model, seed);
  return model;
}

/// The same by name: efficientnet<float>("s", {.in_channels = 1, .classes = 10}, 1).
template <class T>
EfficientNet<T> efficientnet(std::string_view name, const EfficientNetOptions& options,
                             std::uint64_t seed) {
  return efficientnet<T>(find_model(name), options, seed);
}

}  // namespace effv2::inline EFFV2_ISA::models
