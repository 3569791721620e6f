// What a checkpoint must agree in with the run that resumes it, as lines of text: what is not among
// a run's options.
#pragma once

#include <cstdint>
#include <string>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../data/dataset.hpp"
#include "../io/checksum.hpp"
#include "../nn/graph.hpp"
#include "../nn/visit.hpp"
#include "../optim/optimizer.hpp"
#include "fit_options.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// Shape and checksum of pictures and labels: a pass over the data.
inline std::string fingerprint(const data::Dataset& set) {
  io::Checksum sum;
  sum.add(set.images.span());
  sum.add({reinterpret_cast<const std::uint8_t*>(set.labels.data()),
           set.labels.size() * sizeof(set.labels[0])});
  return concat(set.images.shape(), " of ", set.classes, " classes, ", sum.to_string());
}

/// What the model says in a configuration() of its own, or its graph for `images` (N, H, W, C);
/// nothing of one that has neither.
template <class Model>
std::string model_text(const Model& model, const Shape& images) {
  if constexpr (requires { std::string(model.configuration()); }) {
    return '\n' + model.configuration();
  } else if constexpr (requires(nn::Graph graph) { model.describe(graph, 0); }) {
    return '\n' + nn::describe(model, images).to_string();
  } else {
    return {};
  }
}

/// The parameters and states that are frozen now.
template <class Model>
std::string frozen_text(const Model& model) {
  std::string text;
  const auto note = [&text](const std::string& path, const auto& variable) {
    if (variable.frozen) text += "\nfrozen " + path;
  };
  nn::for_each_variable(model, note);
  return text;
}

/// Where the optimiser is not as the options made it: the clip norm, and the parameters that have
/// rates and decays of their own.
template <class T>
std::string optimizer_text(const optim::Optimizer<T>& optimizer, const FitOptions& options) {
  std::string text;
  if (optimizer.clip_norm != options.clip_norm) {
    text += concat("\noptimizer_clip_norm ", optimizer.clip_norm);
  }
  for (const optim::Slot<T>& slot : optimizer.slots()) {
    const double decay = slot.parameter->decays ? options.weight_decay : 0.0;
    if (slot.learning_rate_scale == 1.0 && slot.weight_decay == decay) continue;
    text += concat("\ngroup ", slot.path, ' ', slot.learning_rate_scale, ' ', slot.weight_decay);
  }
  return text;
}

}  // namespace effv2::inline EFFV2_ISA::train
