// From options to an optimiser.
#pragma once

#include <memory>

#include "../core/isa.hpp"
#include "../optim/adamw.hpp"
#include "../optim/muon.hpp"
#include "../optim/optimizer.hpp"
#include "../optim/rmsprop.hpp"
#include "../optim/sgd.hpp"
#include "fit_options.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// The optimiser that the options name, over a model's parameters.
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
  }
  optimizer->clip_norm = o.clip_norm;
  return optimizer;
}

}  // namespace effv2::inline EFFV2_ISA::train
