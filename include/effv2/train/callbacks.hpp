// What a training run tells its caller.
#pragma once

#include <cstdint>
#include <functional>

#include "../core/isa.hpp"
#include "metrics.hpp"

namespace effv2::inline EFFV2_ISA::train {

struct StepReport {
  std::int64_t step = 0, total_steps = 0;  // step counts from 1
  std::int64_t epoch = 0;                  // from 0
  std::int64_t image_size = 0;             // height of the pictures
  double loss = 0.0, accuracy = 0.0;       // of the step's batches; NaN if it was skipped
  double learning_rate = 0.0, gradient_norm = 0.0;
  double images_per_second = 0.0;  // since training began, without evaluation and callbacks
  double seconds = 0.0;            // likewise
  bool skipped = false;            // a loss or gradient was not finite: no update
};

struct EpochReport {
  std::int64_t epoch = 0, step = 0;
  double loss = 0.0, accuracy = 0.0;  // means over the epoch's batches; NaN if all were skipped
  double seconds = 0.0;               // of training so far, all epochs; as a step's
  const Evaluation* evaluation = nullptr;  // null if there was none; with an EMA, of the average
};

/// All optional. A step callback that returns false ends the training after that step; the epoch
/// then is not finished and not reported. With an EMA the model holds its own weights meanwhile,
/// and what was evaluated is Trainer::with_average's.
struct Callbacks {
  std::function<bool(const StepReport&)> on_step;
  std::function<void(const EpochReport&)> on_epoch;
};

struct FitResult {
  std::int64_t steps = 0;
  std::int64_t total_steps = 0;  // asked for; fewer were done if patience or a callback ended it
  std::int64_t skipped = 0;      // steps without an update
  bool stopped = false;          // by a callback
  std::int64_t best_step = 0;  // after which an epoch's evaluation was the best; 0: there was none
  Evaluation evaluation;       // of the test data; of none an empty one, whose accuracy is NaN
};

}  // namespace effv2::inline EFFV2_ISA::train
