// From options to an optimiser.
#pragma once

#include <memory>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../optim/adamw.hpp"
#include "../optim/muon.hpp"
#include "../optim/optimizer.hpp"
#include "../optim/rmsprop.hpp"
#include "../optim/sgd.hpp"
#include "fit_options.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// The optimiser that the options name, over a model's parameters. Error(invalid_argument) for one
/// of the caller's own.
template <class T, class Model>
std::unique_ptr<optim::Optimizer<T>> make_optimizer(Model& model, const FitOptions& o) {
  std::unique_ptr<optim::Optimizer<T>> optimizer;
  switch (o.optimizer) {
    case OptimizerKind::sgd:
      optimizer = std::make_unique<optim::Sgd<T>>(
          model, optim::SgdOptions{
                     .momentum = o.momentum, .nesterov = true, .weight_decay = o.weight_decay});
      break;
    case OptimizerKind::rmsprop:
      optimizer = std::make_unique<optim::Rmsprop<T>>(
          model, optim::RmspropOptions{.momentum = o.momentum, .weight_decay = o.weight_decay});
      break;
    case OptimizerKind::adamw:
      optimizer = std::make_unique<optim::AdamW<T>>(
          model, optim::AdamWOptions{.weight_decay = o.weight_decay});
      break;
    case OptimizerKind::muon:
      optimizer = std::make_unique<optim::Muon<T>>(
          model, optim::MuonOptions{.momentum = o.momentum, .weight_decay = o.weight_decay});
      break;
    case OptimizerKind::own:
      throw Error(ErrorCode::invalid_argument,
                  "[fit] the options ask for an optimizer of one's own, and none is handed over");
  }
  optimizer->clip_norm = o.clip_norm;
  return optimizer;
}

/// The caller's own, or Error(invalid_argument): it is another model's, or the options name one.
template <class T, class Model>
std::unique_ptr<optim::Optimizer<T>> handed_over(std::unique_ptr<optim::Optimizer<T>> optimizer,
                                                 Model& model, const FitOptions& o) {
  EFFV2_CHECK(o.optimizer == OptimizerKind::own, ErrorCode::invalid_argument,
              "[fit] an optimizer is handed over, and the options ask for ", name_of(o.optimizer));
  EFFV2_CHECK(optimizer->is_of(model), ErrorCode::invalid_argument,
              "[fit] the optimizer is of another model");
  EFFV2_CHECK(
      o.clip_norm == 0.0 || optimizer->clip_norm == 0.0 || o.clip_norm == optimizer->clip_norm,
      ErrorCode::invalid_argument, "[fit] the optimizer clips at ", optimizer->clip_norm,
      ", and the options ask for ", o.clip_norm);
  const FitOptions untouched;
  EFFV2_CHECK(
      o.momentum == untouched.momentum && o.weight_decay == untouched.weight_decay,
      ErrorCode::invalid_argument, "[fit] the optimizer that is handed over has a momentum ",
      "and a weight decay of its own; the options ask for ", o.momentum, " and ", o.weight_decay);
  if (o.clip_norm > 0.0) optimizer->clip_norm = o.clip_norm;
  return optimizer;
}

}  // namespace effv2::inline EFFV2_ISA::train
