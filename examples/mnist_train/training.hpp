// The run itself: options to network and trainer.
#pragma once

#include <cstdint>
#include <effv2/train/callbacks.hpp>
#include <memory>
#include <optional>

#include "mnist_data.hpp"
#include "options.hpp"

/// A run that is ready. Its checkpoints are in DIR/checkpoints, if there is a --out DIR.
class Training {
 public:
  virtual ~Training() = default;

  struct Position {
    std::int64_t step, epoch;  // done
  };
  /// Goes back to the last checkpoint. Nothing if there is none.
  virtual std::optional<Position> resume() = 0;
  /// Called between steps. Whether there is a checkpoint now; one that cannot be written is a
  /// warning.
  virtual bool save_checkpoint() = 0;
  /// Trains, evaluates, and leaves DIR/model.safetensors unless it was stopped; called once.
  virtual effv2::train::FitResult run(const effv2::train::Callbacks& callbacks) = 0;
};

/// Checks everything, builds the network and says what it is (unless quiet). The data must outlive
/// what is returned.
std::unique_ptr<Training> prepare_training(const Options& options, const MnistData& data);
