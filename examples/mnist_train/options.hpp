// The command line of mnist_train.
#pragma once

#include <cstdint>
#include <string>

/// Everything a run depends on. A recipe sets the defaults, flags override them.
struct Options {
  std::string data;  // directory; empty: look for it
  std::string model = "s";
  std::string recipe = "default";
  std::string optimizer = "adamw";
  std::string schedule = "cosine";
  std::string activation = "silu";
  std::string augment = "affine";

  std::int64_t epochs = 0;  // 0: six, or as many as make a thousand steps where data are few
  std::int64_t steps = 0, batch = 128, accumulate = 1;
  double learning_rate = 3e-3, momentum = 0.9, weight_decay = 0.02, warmup_epochs = 0.5,
         clip_norm = 0.0;
  double label_smoothing = 0.1, ema = 0.998;
  double dropout = 0.1, drop_path = 0.1;
  double branch_gamma = 0.0, classifier_scale = 0.1;  // how the network starts
  double width = 1.0;                                 // factor on the table's channels
  std::int64_t head = 0, stem_stride = 2;

  std::int64_t stages = 0, first_size = 16, size = 0;  // progressive learning; pixels
  double mixup = 0.0, erase = 0.0;
  double last_augment = 1.0;                  // strength of `augment` in the last quarter
  std::int64_t statistics = 0, patience = 0;  // batches, epochs
  std::int64_t hold_out = 0;                  // training images that take the test set's place
  std::string evaluate = "epoch";             // or "end"

  std::int64_t threads = 0, seed = 1;
  std::string out;
  std::int64_t checkpoint_every = 0;  // steps; 0: at the end of every epoch only
  bool resume = false;
  std::string non_finite = "stop";
  bool quiet = false;
};

/// Reads the command line. Returns false after having printed the help or the version; throws
/// UsageError with one line for anything else that is not a run.
bool parse_command_line(int argc, char** argv, Options& options);

struct UsageError {
  std::string text;
};
