// Layers one after the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "layer.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// y = f_n(... f_2(f_1(x))). The children's names are "0", "1", ...
template <class T>
class Sequential {
 public:
  using value_type = T;

  struct Saved {
    std::vector<typename AnyLayer<T>::Saved> layers;
    std::vector<Tensor<T>> outputs;  // of all layers but the last
    bool is_whole = false;           // a forward pass came to its end, no backward pass used it up
  };

  Sequential() = default;
  template <Layer... Layers>
  requires(sizeof...(Layers) > 0) explicit Sequential(Layers... layers) {
    (add(std::move(layers)), ...);
  }

  // Assigned as many layers, it takes them over one by one: what points at them still may.
  Sequential(const Sequential&) = default;
  Sequential(Sequential&&) noexcept = default;
  Sequential& operator=(const Sequential&) = default;
  Sequential& operator=(Sequential&& other) {
    if (size() == other.size()) {
      std::move(other.layers_.begin(), other.layers_.end(), layers_.begin());
    } else {
      layers_ = std::move(other.layers_);
    }
    return *this;
  }
  ~Sequential() = default;

  Sequential& add(AnyLayer<T> layer) {
    layers_.push_back(std::move(layer));
    return *this;
  }

  std::size_t size() const { return layers_.size(); }
  AnyLayer<T>& operator[](std::size_t index) {
    check(index);
    return layers_[index];
  }
  const AnyLayer<T>& operator[](std::size_t index) const {
    check(index);
    return layers_[index];
  }

  Tensor<T> forward(const Tensor<T>& x, Saved& saved, Context<T>& context) {
    EFFV2_CHECK(!layers_.empty(), ErrorCode::invalid_argument, "[sequential] has no layers");
    saved.layers.resize(layers_.size());
    saved.outputs.resize(layers_.size() - 1);
    saved.is_whole = false;
    const std::size_t learner = context.is_data(x) ? first_learner() : 0;
    const Tensor<T>* input = &x;
    for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
      saved.outputs[i] = layers_[i].forward(*input, saved.layers[i], context);
      input = &saved.outputs[i];
      if (i + 1 == learner) context.set_data(*input);
    }
    Tensor<T> y = layers_.back().forward(*input, saved.layers.back(), context);
    saved.is_whole = true;
    return y;
  }
  Tensor<T> forward(const Tensor<T>&&, Saved&, Context<T>&) = delete;  // see Layer

  /// The layers' own, from the last to the first; it ends, with an empty gradient, at the first
  /// that learns.
  Tensor<T> backward(const Tensor<T>& dy, Saved& saved, Context<T>& context) {
    EFFV2_CHECK(saved.is_whole && saved.layers.size() == layers_.size(),
                ErrorCode::invalid_argument, "[sequential] a backward without its forward");
    saved.is_whole = false;
    Tensor<T> gradient = layers_.back().backward(dy, saved.layers.back(), context);
    for (std::size_t i = layers_.size() - 1; i-- > 0 && !gradient.empty();) {
      saved.outputs[i] = {};  // its reader is done with it
      gradient = layers_[i].backward(gradient, saved.layers[i], context);
    }
    return gradient;
  }

  Tensor<T> infer(const Tensor<T>& x, Context<T>& context) const {
    EFFV2_CHECK(!layers_.empty(), ErrorCode::invalid_argument, "[sequential] has no layers");
    Tensor<T> y = layers_.front().infer(x, context);
    for (std::size_t i = 1; i < layers_.size(); ++i) y = layers_[i].infer(y, context);
    return y;
  }

  void visit(Visitor<T>& visitor) {
    for (std::size_t i = 0; i < layers_.size(); ++i) visitor(std::to_string(i), layers_[i]);
  }

  bool skips_data_gradient() const {
    return !layers_.empty() && layers_.front().skips_data_gradient();
  }

  EFFV2_SETUP int describe(Graph& graph, int input) const {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      input = graph.keep(graph.enter(std::to_string(i), layers_[i], input));
    }
    return input;
  }

 private:
  void check(std::size_t index) const {
    EFFV2_CHECK(index < size(), ErrorCode::invalid_argument, "[sequential] has ", size(),
                " layers, and was asked for number ", index);
  }

  // What is before the first layer that learns needs no backward pass, if that layer can do without
  // the gradient of what it reads.
  std::size_t first_learner() const {
    const auto learner = std::find_if(layers_.begin(), layers_.end(), [](const AnyLayer<T>& layer) {
      return has_trainable(layer);
    });
    const bool ends = learner != layers_.end() && learner->skips_data_gradient();
    return ends ? static_cast<std::size_t>(learner - layers_.begin()) : 0;
  }

  std::vector<AnyLayer<T>> layers_;
};

}  // namespace effv2::inline EFFV2_ISA::nn
