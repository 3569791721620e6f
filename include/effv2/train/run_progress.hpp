// How far a training run has come.
#pragma once

#include <cstdint>

#include "../core/isa.hpp"
#include "callbacks.hpp"
#include "metrics.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// Counts and sums between two steps.
struct RunProgress {
  std::int64_t step = 0;              // done, the skipped ones among them
  std::int64_t skipped = 0;           // without an update
  std::int64_t epoch = 0;             // done
  std::int64_t batch = 0;             // of the epoch, the next one
  std::int64_t updates = 0;           // of the epoch
  double loss = 0.0, accuracy = 0.0;  // sums over the epoch's updates
  double seconds = 0.0;               // of training, all epochs
  std::int64_t best_step = 0;         // after it the evaluation was the best so far; 0: none yet
  double best_accuracy = 0.0;

  /// A step is done, of so many batches.
  void finish_step(const StepReport& report, std::int64_t batches) {
    ++step;
    batch += batches;
    if (report.skipped) {
      ++skipped;
    } else {
      loss += report.loss, accuracy += report.accuracy, ++updates;
    }
  }

  /// The epoch so far. Of no update at all, the means are not numbers.
  EpochReport epoch_report() const {
    const auto count = static_cast<double>(updates);
    return {epoch, step, loss / count, accuracy / count, seconds};
  }

  void finish_epoch(const EpochReport& report) {
    ++epoch;
    batch = updates = 0;
    loss = accuracy = 0.0;
    if (report.evaluation == nullptr) return;
    if (best_step == 0 || report.evaluation->accuracy() > best_accuracy) {
      best_accuracy = report.evaluation->accuracy(), best_step = step;
    }
  }

  /// f(name, number) for all of it, for checkpoints.
  template <class F>
  void visit_state(F&& f) {
    f("step", step), f("skipped", skipped), f("epoch", epoch), f("batch", batch);
    f("epoch_loss", loss), f("epoch_accuracy", accuracy), f("epoch_updates", updates);
    f("seconds", seconds), f("best_accuracy", best_accuracy), f("best_step", best_step);
  }
};

}  // namespace effv2::inline EFFV2_ISA::train
