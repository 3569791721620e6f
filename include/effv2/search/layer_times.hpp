// How long a training step of a network takes, told from its layers' times without running it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/picture_size.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"
#include "../kernels/window.hpp"
#include "../models/block_spec.hpp"
#include "../models/efficientnet.hpp"
#include "../nn/context.hpp"
#include "../nn/layer.hpp"
#include "../nn/sequential.hpp"
#include "../nn/visit.hpp"
#include "../train/fit_options.hpp"
#include "../train/trainer.hpp"
#include "space.hpp"

namespace effv2::inline EFFV2_ISA::search {

/// One layer of a network as a training step meets it. The head is all that follows the blocks.
struct LayerSpec {
  enum class Part { stem, mbconv, fused_mbconv, head };

  static constexpr Part part_of(models::BlockKind kind) {
    switch (kind) {
      case models::BlockKind::mbconv:
        return Part::mbconv;
      case models::BlockKind::fused_mbconv:
        return Part::fused_mbconv;
    }
    return {};
  }

  Part part = Part::mbconv;
  std::int64_t kernel = 3, stride = 1, expand = 1;
  std::int64_t in_channels = 1, out_channels = 1;
  PictureSize size = 1;  // of what it reads

  /// "M k3 s2 e4 24-48 14px": equal for layers that take equally long.
  std::string key() const {
    return concat(name(), " k", kernel, " s", stride, " e", expand, ' ', in_channels, '-',
                  out_channels, ' ', size, "px");
  }

  auto operator<=>(const LayerSpec&) const = default;

 private:
  std::string_view name() const {
    switch (part) {
      case Part::stem:
        return "stem";
      case Part::mbconv:
        return "M";
      case Part::fused_mbconv:
        return "F";
      case Part::head:
        return "head";
    }
    return {};
  }
};

/// The layers of a network for pictures of a size, in order.
inline std::vector<LayerSpec> layers_of(const models::ModelSpec& spec,
                                        const models::EfficientNetOptions& o, PictureSize size) {
  using Part = LayerSpec::Part;
  std::vector<LayerSpec> layers;
  const auto add = [&](LayerSpec layer) {
    layer.size = size;
    const kernels::Window window(size.height, size.width, layer.kernel, layer.stride,
                                 o.defaults.padding);
    size = {window.out_height, window.out_width};
    layers.push_back(layer);
  };
  add({Part::stem, 3, o.stem_stride, 1, o.in_channels, spec.stem});
  for (const models::StageSpec& row : spec.stages()) {
    for (int i = 0; i < row.repeats; ++i) {
      add({LayerSpec::part_of(row.kind), row.kernel, i == 0 ? row.stride : 1, row.expand,
           i == 0 ? row.in_channels : row.out_channels, row.out_channels});
    }
  }
  add({Part::head, 1, 1, 1, spec.stages().back().out_channels, o.head > 0 ? o.head : spec.head});
  return layers;
}

/// All layers that the backbone and the candidates of a space have, each once.
/// Error(unsupported) where a block of stride 1 changes its picture's size: there would be other
/// layers in every candidate.
inline std::vector<LayerSpec> layers_of(const Space& space, const models::EfficientNetOptions& o,
                                        PictureSize size) {
  std::vector<LayerSpec> all = layers_of(space.backbone(), o, size);
  for (const Candidate& candidate : space.covering()) {
    for (const StageChoice& stage : candidate.stages) {
      const bool keeps =
          kernels::Window(64, 64, stage.kernel, 1, o.defaults.padding).out_height == 64;
      EFFV2_CHECK(keeps, ErrorCode::unsupported, "[layer_times] a kernel of ", stage.kernel,
                  " with the padding \"", kernels::name_of(o.defaults.padding),
                  "\" changes a picture's size, and so the layers behind it");
    }
    const auto more = layers_of(candidate.to_spec(space.backbone()), o, size);
    all.insert(all.end(), more.begin(), more.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

/// Seconds of a layer's part in a training step, by the layer's key.
using LayerTimes = std::map<std::string, double>;

/// The sum over a network's layers. Error(invalid_argument) for a layer that was not measured.
inline double step_seconds(const LayerTimes& times, const std::vector<LayerSpec>& layers) {
  double sum = 0.0;
  for (const LayerSpec& layer : layers) {
    const auto found = times.find(layer.key());
    EFFV2_CHECK(found != times.end(), ErrorCode::invalid_argument, "[layer_times] no time of \"",
                layer.key(), "\" among ", times.size());
    sum += found->second;
  }
  return sum;
}

inline double median(std::vector<double> values) {
  EFFV2_CHECK(!values.empty(), ErrorCode::invalid_argument, "[median] of nothing");
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

namespace detail {

// Step after step of one layer by itself: forward, backward, update.
template <class T>
class LayerInTraining {
 public:
  LayerInTraining(const LayerSpec& spec, const models::EfficientNetOptions& network,
                  const train::FitOptions& fit, nn::Context<T>& context)
      : context_(context), layer_(make(spec, network)), is_first_(spec.part == Part::stem) {
    nn::initialize(layer_, 1);
    optimizer_ = train::make_optimizer<T>(layer_, fit);
    x_ = noise({fit.batch_size, spec.size.height, spec.size.width, spec.in_channels});
    context_.begin_step(0);
    dy_ = noise(layer_.forward(x_, saved_, context_).shape());
  }

  /// How long it takes, in seconds.
  double step() {
    const auto start = std::chrono::steady_clock::now();
    if (is_first_) {
      context_.begin_step(++step_, x_);
    } else {
      context_.begin_step(++step_);
    }
    { const Tensor<T> y = layer_.forward(x_, saved_, context_); }
    { const Tensor<T> dx = layer_.backward(dy_, saved_, context_); }
    optimizer_->step(1e-6, context_.execution);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  using Part = LayerSpec::Part;

  static nn::AnyLayer<T> make(const LayerSpec& spec, const models::EfficientNetOptions& o) {
    const nn::BlockOptions block{spec.in_channels, spec.out_channels, spec.kernel,
                                 spec.stride,      spec.expand,       o.drop_path};
    switch (spec.part) {
      case Part::stem:
        return nn::conv_bn_act<T>(spec.in_channels, spec.out_channels, spec.kernel, spec.stride,
                                  o.defaults, o.defaults.activation);
      case Part::mbconv:
        return nn::MBConv<T>(block, o.defaults);
      case Part::fused_mbconv:
        return nn::FusedMBConv<T>(block, o.defaults);
      case Part::head:  // all rates of dropout but 0 take equally long
        return nn::Sequential<T>(nn::conv_bn_act<T>(spec.in_channels, spec.out_channels, 1, 1,
                                                    o.defaults, o.defaults.activation),
                                 nn::GlobalAveragePool<T>{},
                                 nn::Dropout<T>(o.dropout == 0.0 ? 0.0 : 0.1),
                                 nn::Linear<T>(spec.out_channels, o.classes));
    }
    throw_error(ErrorCode::invalid_argument, "[layer_times] no such layer");
  }

  // Uniform in [-1, 1); a piece of it over and over, since drawing takes longer than a step.
  static Tensor<T> noise(const Shape& shape) {
    constexpr std::int64_t piece = 4096;
    Tensor<T> values = Tensor<T>::uninitialized(shape);
    const RandomStream random{1, 0, 0};
    for (std::int64_t i = 0; i < values.size(); ++i) {
      values[i] =
          i >= piece
              ? values[i - piece]
              : static_cast<T>(2.0F * random.uniform(0, static_cast<std::uint32_t>(i)) - 1.0F);
    }
    return values;
  }

  nn::Context<T>& context_;
  nn::AnyLayer<T> layer_;
  typename nn::AnyLayer<T>::Saved saved_;
  std::unique_ptr<optim::Optimizer<T>> optimizer_;
  Tensor<T> x_, dy_;
  bool is_first_;  // nobody wants the gradient of what it reads
  std::uint64_t step_ = 0;
};

}  // namespace detail

struct LayerTimingOptions {
  int rounds = 5, steps = 3;  // rounds through all layers, and steps of each in a round
};

/// Measures each layer by itself, with the batch, the threads and the optimiser of `fit`: the
/// median over all steps. Rounds through all layers spread a drift of the machine over all of them.
template <class T>
LayerTimes measure_layers(const std::vector<LayerSpec>& layers,
                          const models::EfficientNetOptions& network, const train::FitOptions& fit,
                          const LayerTimingOptions& timing = {}) {
  EFFV2_CHECK(timing.rounds > 0 && timing.steps > 0, ErrorCode::invalid_argument,
              "[layer_times] expected at least one round and step, got ", timing.rounds, " and ",
              timing.steps);
  std::vector<std::vector<double>> seconds(layers.size());
  nn::Context<T> context(fit.threads);
  for (int round = 0; round < timing.rounds; ++round) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      detail::LayerInTraining<T> layer(layers[i], network, fit, context);
      layer.step();  // fills the pool and the caches
      for (int step = 0; step < timing.steps; ++step) seconds[i].push_back(layer.step());
    }
    context.clear();
  }
  LayerTimes times;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    times[layers[i].key()] = std::round(median(seconds[i]) * 1e8) / 1e8;  // what is finer is noise
  }
  return times;
}

/// The step time of tables as a multiple of the reference's, from the times of their layers; so
/// what is wrong by the same factor for all layers is right again.
class StepTimePrediction {
 public:
  /// `times` has those of the reference and of every table that will be asked for.
  StepTimePrediction(LayerTimes times, const models::ModelSpec& reference,
                     const models::EfficientNetOptions& network, PictureSize size)
      : times_(std::move(times)), network_(network), size_(size), reference_(seconds(reference)) {
    EFFV2_CHECK(reference_ > 0.0 && std::isfinite(reference_), ErrorCode::invalid_argument,
                "[layer_times] expected a reference of more than 0 s, got ", reference_);
  }

  double operator()(const models::ModelSpec& spec) const { return seconds(spec) / reference_; }

 private:
  double seconds(const models::ModelSpec& spec) const {
    return step_seconds(times_, layers_of(spec, network_, size_));
  }

  LayerTimes times_;
  models::EfficientNetOptions network_;
  PictureSize size_;
  double reference_;
};

}  // namespace effv2::inline EFFV2_ISA::search
