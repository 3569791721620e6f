// What a training run is told.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../data/augment.hpp"
#include "../data/loader.hpp"
#include "../optim/schedule.hpp"
#include "progressive.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// `sgd` is with Nesterov's momentum. `own`: one that is handed to the Trainer, as optim::Sgd with
/// the plain momentum of PyTorch's default.
enum class OptimizerKind { sgd, rmsprop, adamw, muon, own };

inline constexpr std::string_view optimizer_names[] = {"sgd", "rmsprop", "adamw", "muon", "own"};
constexpr std::string_view name_of(OptimizerKind kind) {
  return optimizer_names[static_cast<int>(kind)];
}

/// What becomes of a step whose loss or gradient is not finite. Either way nothing is updated.
enum class NonFinite { stop, skip };

/// All that a run may be told: how long, by which steps, on which pictures, evaluated how. The
/// defaults are those of a small network on MNIST.
struct FitOptions {
  std::int64_t epochs = 6;
  std::int64_t steps = 0;  // if above 0, training ends after as many, whatever `epochs` says
  std::int64_t batch_size = 128;
  std::int64_t accumulate = 1;  // batches whose gradients make one step

  OptimizerKind optimizer = OptimizerKind::adamw;
  double learning_rate = 2e-3;
  optim::ScheduleKind schedule = optim::ScheduleKind::cosine;
  double warmup_epochs = 0.0;
  double momentum = 0.9;  // of all optimisers but AdamW
  double weight_decay = 0.02;
  double clip_norm = 0.0;  // 0: none
  double label_smoothing = 0.1;
  /// How often an image's loss counts, by its class: Dataset::balanced_class_weights() for data of
  /// which some classes are rare. Empty: once.
  std::vector<double> class_weights = {};
  double ema_decay = 0.0;     // 0: none; else evaluation uses the average
  std::int64_t patience = 0;  // epochs of the last stage without a better evaluation that end
                              // training; 0: any number
  NonFinite on_non_finite = NonFinite::stop;

  /// Normalisation, image size, augmentation. Batch and seed are the fields above and below, and a
  /// run always shuffles: what says otherwise here is refused.
  data::LoaderOptions data = {};
  /// Parts of the run whose picture size and regularisation take the place of `data`'s and the
  /// model's; evaluation is at `data`'s size. Empty: one part, of what `data` says.
  std::vector<Stage> stages = {};
  std::int64_t evaluation_batch = 256;
  /// Batches, at the size of evaluation and not augmented, from which batch norm's statistics are
  /// estimated anew before the last evaluation; 0: none.
  std::int64_t statistics_batches = 0;
  bool evaluate_each_epoch = true;

  int threads = 0;  // 0: all cores
  std::uint64_t seed = 1;

  /// What else the result depends on, a line each ("pictures of camera 2"): a checkpoint is resumed
  /// only by a run of the same configuration.
  std::string configuration = {};

  /// Throws Error(invalid_argument) unless a run of any model could go through with these. The
  /// loader checks `data`.
  void validate() const {
    constexpr std::int64_t most = 1000000000000;  // times the batches of an epoch still 64 bits
    EFFV2_CHECK((epochs > 0 || steps > 0) && steps >= 0 && epochs <= most && steps <= most,
                ErrorCode::invalid_argument,
                "[fit] expected at least one epoch or step and 10^12 at most, got ", epochs,
                " and ", steps);
    EFFV2_CHECK(batch_size > 0 && evaluation_batch > 0, ErrorCode::invalid_argument,
                "[fit] expected a batch of at least 1, got ", batch_size, " and ", evaluation_batch,
                " for evaluation");
    EFFV2_CHECK(accumulate > 0 && patience >= 0 && statistics_batches >= 0,
                ErrorCode::invalid_argument,
                "[fit] expected at least 1 batch to a step, a patience ",
                "and a number of batches for statistics of at least 0, got ", accumulate, ", ",
                patience, " and ", statistics_batches);
    EFFV2_CHECK(label_smoothing >= 0.0 && label_smoothing < 1.0, ErrorCode::invalid_argument,
                "[fit] expected label smoothing in [0, 1), got ", label_smoothing);
    double heaviest = 0.0;
    for (const double weight : class_weights) {
      EFFV2_CHECK(weight >= 0.0 && std::isfinite(weight), ErrorCode::invalid_argument,
                  "[fit] expected class weights of at least 0, got ", weight);
      heaviest = std::max(heaviest, weight);
    }
    EFFV2_CHECK(class_weights.empty() || heaviest > 0.0, ErrorCode::invalid_argument,
                "[fit] all class weights are 0");
    EFFV2_CHECK(learning_rate > 0.0 && std::isfinite(learning_rate), ErrorCode::invalid_argument,
                "[fit] expected a learning rate above 0, got ", learning_rate);
    EFFV2_CHECK(
        weight_decay >= 0.0 && std::isfinite(weight_decay) && clip_norm >= 0.0 &&
            std::isfinite(clip_norm) && warmup_epochs >= 0.0 &&
            warmup_epochs <= static_cast<double>(most),
        ErrorCode::invalid_argument,
        "[fit] expected weight decay, clip norm and warm-up of at least 0 (and 10^12 epochs "
        "at most), got ",
        weight_decay, ", ", clip_norm, " and ", warmup_epochs);
    EFFV2_CHECK(ema_decay >= 0.0 && ema_decay < 1.0, ErrorCode::invalid_argument,
                "[fit] expected the average's decay in [0, 1), got ", ema_decay);
    EFFV2_CHECK(patience == 0 || evaluate_each_epoch, ErrorCode::invalid_argument,
                "[fit] patience needs an evaluation after each epoch");
    const data::LoaderOptions untouched;
    const auto is_said_above = [](auto in_data, auto initial, auto above) {
      return in_data == initial || in_data == above;
    };
    EFFV2_CHECK(is_said_above(data.batch_size, untouched.batch_size, batch_size) &&
                    is_said_above(data.seed, untouched.seed, seed) && data.shuffle,
                ErrorCode::invalid_argument, "[fit] a run shuffles, and its batch and seed are ",
                batch_size, " and ", seed, "; its options' data ask for a batch of ",
                data.batch_size, ", seed ", data.seed, data.shuffle ? "" : ", no shuffling");
    for (const Stage& stage : stages) stage.validate();
  }
};

/// The options that decide a run's result, a line each. Threads are not in it: the bits are the
/// same.
inline std::string configuration_text(const FitOptions& o) {
  std::string text = o.configuration;
  const auto listed = [](const std::vector<double>& values) {
    std::string list;
    for (const double value : values) list += concat(list.empty() ? "" : " ", value);
    return list;
  };
  const auto line = [&text](const char* name, const auto&... values) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += name;
    ((text += concat(" ", values)), ...);
  };
  line("epochs", o.epochs), line("steps", o.steps), line("batch", o.batch_size);
  line("optimizer", name_of(o.optimizer)), line("learning_rate", o.learning_rate);
  line("schedule", name_of(o.schedule)), line("warmup_epochs", o.warmup_epochs);
  line("momentum", o.momentum), line("weight_decay", o.weight_decay);
  line("clip_norm", o.clip_norm);
  line("label_smoothing", o.label_smoothing), line("ema_decay", o.ema_decay);
  line("class_weights", listed(o.class_weights));
  line("image_size", o.data.image_size), line("seed", static_cast<std::int64_t>(o.seed));
  const auto augmentation = [&line](const char* name, const data::Augmentation& a) {
    // All fields, or this does not compile.
    const auto& [shift, rotate, scale, shear, stretch, elastic, crop, mirror, erase, erase_area,
                 fill, rand_augment] = a;
    const auto& [magnitude, draws, digits, translation] = rand_augment;
    line(name, shift, rotate, scale, shear, stretch, elastic, crop, mirror, erase, erase_area,
         int{fill}, magnitude, draws, digits, translation);
  };
  augmentation("augmentation", o.data.augmentation), line("mixup", o.data.mixup);
  for (const Stage& stage : o.stages) {
    const auto& [image_size, stage_augmentation, mixup, dropout] = stage;
    line("stage", image_size, mixup, dropout);
    augmentation("stage_augmentation", stage_augmentation);
  }
  line("accumulate", o.accumulate), line("patience", o.patience);
  line("statistics_batches", o.statistics_batches);
  line("evaluates_each_epoch", o.evaluate_each_epoch);
  line("mean", listed(o.data.mean)), line("deviation", listed(o.data.deviation));
  return text;
}

}  // namespace effv2::inline EFFV2_ISA::train
