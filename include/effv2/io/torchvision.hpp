// Networks that torchvision's weights are of.
#pragma once

#include <string_view>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../models/block_spec.hpp"
#include "../models/efficientnet.hpp"
#include "../models/tables.hpp"
#include "model_file.hpp"
#include "parameter_names.hpp"
#include "safetensors.hpp"
#include "weights.hpp"

namespace effv2::inline EFFV2_ISA::io {

/// The network `name` ("s", "m", "l", "v1-b0" ... "v1-b7") as torchvision builds it: batch norm's
/// epsilon is 1e-3, and 1e-5 in V1 B0-B4; its momentum is 0.1, and 0.01 in V1 B5-B7.
inline models::EfficientNetOptions torchvision_options(std::string_view name) {
  models::EfficientNetOptions options;
  const bool is_small_v1 = name >= "v1-b0" && name <= "v1-b4";
  options.defaults.bn_epsilon = is_small_v1 ? 1e-5 : 1e-3;
  if (name >= "v1-b5" && name <= "v1-b7") options.defaults.bn_momentum = 0.01;
  return options;
}

/// How torchvision prepares ImageNet's pictures for its weights.
inline ModelCard torchvision_card(std::string_view name) {
  ModelCard card{.image_size = models::find_model(name).eval_size,
                 .mean = {0.485, 0.456, 0.406},
                 .deviation = {0.229, 0.224, 0.225}};
  if (name == "v1-b2") card.image_size = 288;  // not the 260 of its table
  if (name == "l") card.mean = card.deviation = {0.5, 0.5, 0.5};
  return card;
}

/// A network from torchvision's weights, in a safetensors file without this library's metadata, and
/// what its pictures have to look like.
template <class T>
LoadedModel<T> load_torchvision(const SafetensorsFile& file, std::string_view name) {
  const models::ModelSpec& spec = models::find_model(name);
  LoadedModel<T> loaded{models::EfficientNet<T>(spec, torchvision_options(name)),
                        torchvision_card(name)};
  load_weights(loaded.model, file, {.naming = Naming::torchvision});
  return loaded;
}

}  // namespace effv2::inline EFFV2_ISA::io
