// What a trained network's file says of its pictures.
#pragma once

#include "../core/isa.hpp"
#include "../data/dataset.hpp"
#include "../io/model_file.hpp"
#include "fit_options.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// The card for io::save_model of a network that was trained on `training` with `options`: names of
/// the classes, size and normalisation of the pictures.
inline io::ModelCard model_card(const FitOptions& options, const data::Dataset& training) {
  return {.class_names = training.class_names,
          .image_size = options.data.image_size.value_or(training.picture_size()),
          .mean = options.data.mean,
          .deviation = options.data.deviation};
}

}  // namespace effv2::inline EFFV2_ISA::train
