// How long a training step takes, measured beside a reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../data/dataset.hpp"
#include "../models/block_spec.hpp"
#include "../models/efficientnet.hpp"
#include "../train/fit_options.hpp"
#include "../train/trainer.hpp"
#include "layer_times.hpp"

namespace effv2::inline EFFV2_ISA::search {

struct StepTimingOptions {
  int rounds = 5, steps = 3;  // rounds of so many steps of the one network, then of the other

  void validate() const {
    EFFV2_CHECK(rounds > 0 && steps > 0, ErrorCode::invalid_argument,
                "[step_time] expected at least one round and step, got ", rounds, " and ", steps);
  }
};

/// A network in training, some steps at a time: the trainer's own, with all that belongs to them.
template <class T>
class StepClock {
 public:
  /// The data must outlive it.
  StepClock(const models::ModelSpec& spec, const models::EfficientNetOptions& network,
            const data::Dataset& training, train::FitOptions fit)
      : model_(models::efficientnet<T>(spec, network, fit.seed)),
        trainer_(model_, training, nothing_, endless(std::move(fit))) {}

  /// The median of the seconds of `steps` steps, after one that is not counted: it starts the
  /// loader and finds the caches as another network left them.
  double seconds(int steps) {
    std::vector<double> times;
    double before = -1.0;
    train::Callbacks callbacks;
    callbacks.on_step = [&](const train::StepReport& report) {
      if (before >= 0.0) times.push_back(report.seconds - before);
      before = report.seconds;
      return times.size() < static_cast<std::size_t>(steps);
    };
    trainer_.run(callbacks);
    return median(times);
  }

 private:
  using Model = models::EfficientNet<T>;

  static train::FitOptions endless(train::FitOptions fit) {
    fit.steps = std::numeric_limits<std::int32_t>::max();
    fit.warmup_epochs = 0.0, fit.patience = 0;
    fit.stages.clear();  // nobody would see but the first
    fit.on_non_finite = train::NonFinite::skip;
    return fit;
  }

  data::Dataset nothing_;
  Model model_;
  train::Trainer<Model> trainer_;
};

/// The time of a candidate's training step as a multiple of the reference's. Their steps take
/// turns, a few at a time, so that a machine that drifts drifts for both: the median over the
/// rounds of the ratio of what was measured side by side.
template <class T>
double relative_step_time(StepClock<T>& candidate, StepClock<T>& reference,
                          const StepTimingOptions& o = {}) {
  o.validate();
  std::vector<double> ratios;
  for (int round = 0; round < o.rounds; ++round) {
    const double ours = candidate.seconds(o.steps);
    ratios.push_back(ours / reference.seconds(o.steps));
  }
  return median(ratios);
}

}  // namespace effv2::inline EFFV2_ISA::search
