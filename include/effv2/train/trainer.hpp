// The training loop: batches, forward, loss, backward, update, average, evaluation.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "../data/dataset.hpp"
#include "../data/loader.hpp"
#include "../kernels/loss.hpp"
#include "../nn/context.hpp"
#include "../nn/layer.hpp"
#include "../nn/parameter.hpp"
#include "../nn/state_snapshot.hpp"
#include "../nn/visit.hpp"
#include "../optim/ema.hpp"
#include "../optim/optimizer.hpp"
#include "../optim/schedule.hpp"
#include "callbacks.hpp"
#include "estimate_statistics.hpp"
#include "evaluate.hpp"
#include "fit_options.hpp"
#include "make_optimizer.hpp"
#include "metrics.hpp"
#include "run_configuration.hpp"
#include "run_progress.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// One training run. The model and the data must outlive it, and the model's layers stay in place:
/// `model = another` of the same table keeps them there.
template <class Model>
class Trainer {
 public:
  using T = typename Model::value_type;

  /// An optimiser of the caller's own, or one of the library's with options that FitOptions does
  /// not have, is handed over, and options.optimizer is OptimizerKind::own:
  ///   std::make_unique<optim::AdamW<float>>(model, optim::AdamWOptions{.beta2 = 0.99})
  /// What the result depends on in it belongs into FitOptions::configuration, for checkpoints.
  EFFV2_SETUP Trainer(Model& model, const data::Dataset& training, const data::Dataset& test,
                      const FitOptions& options,
                      std::unique_ptr<optim::Optimizer<T>> optimizer = nullptr)
      : model_(model),
        training_(training),
        test_(test),
        options_(checked(options)),
        context_(options.threads, options.seed),
        loader_(training, loader_options(options)),
        optimizer_(optimizer ? handed_over(std::move(optimizer), model, options)
                             : make_optimizer<T>(model, options)),
        statistics_(model) {
    // What the first evaluation would find out an epoch later.
    EFFV2_CHECK(options_.patience == 0 || !test_.labels.empty(), ErrorCode::invalid_argument,
                "[fit] patience needs test images");
    if (!test_.labels.empty() || !test_.images.empty())
      check_test_images(test_, training_, options_.data.image_size);
    EFFV2_CHECK(
        options.class_weights.empty() || std::ssize(options.class_weights) == training.classes,
        ErrorCode::invalid_argument, "[fit] expected ", training.classes,
        " class weights or none, got ", options.class_weights.size());
    EFFV2_CHECK(epoch_steps() > 0, ErrorCode::invalid_argument, "[fit] a batch_size of ",
                options.batch_size, ", ", options.accumulate, " to a step, is more than the ",
                training.labels.size(), " training samples");
    if (options.ema_decay > 0.0) ema_.emplace(model, options.ema_decay);
    if constexpr (can_set_dropout) built_dropout_ = model.dropout_rate();
    schedule_ = {.kind = options.schedule,
                 .base = options.learning_rate,
                 .warmup_steps = static_cast<std::int64_t>(
                     std::llround(options.warmup_epochs * static_cast<double>(epoch_steps()))),
                 .total_steps = total_steps(),
                 // The paper's stairs: x 0.97 every 2.4 epochs.
                 .decay_steps = 2.4 * static_cast<double>(epoch_steps())};
  }

  /// Without test data: nothing is evaluated.
  Trainer(Model& model, const data::Dataset& training, const FitOptions& options,
          std::unique_ptr<optim::Optimizer<T>> optimizer = nullptr)
      : Trainer(model, training, no_data(), options, std::move(optimizer)) {}

  // It keeps references to the data.
  using OwnOptimizer = std::unique_ptr<optim::Optimizer<T>>;
  Trainer(Model&, const data::Dataset&&, const FitOptions&, OwnOptimizer = nullptr) = delete;
  Trainer(Model&, const data::Dataset&&, const data::Dataset&, const FitOptions&,
          OwnOptimizer = nullptr) = delete;
  Trainer(Model&, const data::Dataset&, const data::Dataset&&, const FitOptions&,
          OwnOptimizer = nullptr) = delete;

  /// Trains to the end (or until a callback says no) and evaluates. After a checkpoint was loaded
  /// it goes on from there.
  FitResult run(const Callbacks& callbacks = {}) {
    FitResult result;
    bool evaluated = false;
    EFFV2_CHECK(epoch_steps() > 0, ErrorCode::invalid_argument,
                "[fit] the training samples are gone");
    EFFV2_CHECK(nn::has_trainable(model_), ErrorCode::invalid_argument,
                "[fit] all parameters of the model are frozen");
    check_in_place();
    frozen_at_start();  // noted before a callback thaws anything
    const StagesEnd guard{*this};
    if (std::exchange(averaged_, false)) ema_->swap();
    nn::zero_gradients(model_);  // whatever a backward pass before left there
    while (!result.stopped && goes_on()) {
      EpochReport report = run_epoch(callbacks, result.stopped);
      if (is_done()) estimate_statistics();
      evaluated = is_done() || result.stopped || options_.evaluate_each_epoch;
      if (evaluated) {
        result.evaluation = evaluate_test();
        if (!test_.labels.empty()) report.evaluation = &result.evaluation;
      }
      if (result.stopped) break;
      progress_.finish_epoch(report);
      if (callbacks.on_epoch) callbacks.on_epoch(report);
    }
    if (!result.stopped && !is_done() && options_.statistics_batches > 0) {
      estimate_statistics();  // patience ran out, and nobody could know before
      evaluated = false;
    }
    if (!evaluated) result.evaluation = evaluate_test();
    if (ema_) {  // the model leaves with its average
      ema_->swap();
      averaged_ = true;
    }
    result.steps = progress_.step, result.total_steps = total_steps();
    result.skipped = progress_.skipped, result.best_step = progress_.best_step;
    return result;
  }

  /// f() while the model holds its average, if there is one: to save the network that an epoch's
  /// evaluation is of. For callbacks, and between runs.
  template <class F>
  decltype(auto) with_average(F&& f) {
    const Averaged guard(*this);
    return f();
  }

  /// Steps of an epoch: an incomplete last one is left out.
  std::int64_t epoch_steps() const { return loader_.batches() / options_.accumulate; }
  std::int64_t total_steps() const {
    return options_.steps > 0 ? options_.steps : options_.epochs * epoch_steps();
  }
  nn::Context<T>& context() { return context_; }

  /// To give parts of the model rates and decays of their own, before a checkpoint is loaded and
  /// before the first step:
  /// optimizer().group("classifier", 10.0, 0.0).
  optim::Optimizer<T>& optimizer() { return *optimizer_; }

  /// Steps and epochs done, and after how many steps an epoch's evaluation was the best so far (0:
  /// none yet).
  std::int64_t step() const { return progress_.step; }
  std::int64_t epoch() const { return progress_.epoch; }
  std::int64_t best_step() const { return progress_.best_step; }

  /// What a checkpoint must agree in with the run that resumes it: options, data, the model, what
  /// was frozen when this was first asked (by CheckpointFolder::resume) or else when the run began,
  /// the optimiser's groups.
  std::string configuration() const {
    // Once: every checkpoint asks, and a pass over the data may take as long as writing it.
    if (data_text_.empty()) {
      data_text_ = concat("\ntraining ", fingerprint(training_), "\ntest ", fingerprint(test_));
    }
    // The model as it is evaluated, and not as the present stage has it.
    const PictureSize size = options_.data.image_size.value_or(training_.picture_size());
    const Shape picture{1, size.height, size.width, training_.channels()};
    return configuration_text(options_) + model_text(model_, picture) +
           (can_set_dropout ? concat("\nbuilt_dropout ", built_dropout_) : "") + data_text_ +
           concat("\nnumber_bytes ", sizeof(T)) + frozen_at_start() +
           optimizer_text(*optimizer_, options_);
  }

  /// f(name, value) for all that changes from step to step, in the model, the optimiser, the
  /// average and here: numbers, tensors, parameters, states. A run that is given the values of
  /// another one's ends in the same bits. To be called between steps, as the callbacks are.
  template <class F>
  void visit_state(F&& f) {
    check_in_place();
    const auto below = [&f](const char* prefix) {
      return [&f, prefix](const std::string& name, auto& value) { f(prefix + name, value); };
    };
    // After run() and in with_average the model holds the average, and the average's place the
    // model's own values.
    const char* const own_values = averaged_ ? "ema.average." : "model.";
    const auto visit_variable = [&f, own_values](const std::string& path, auto& variable) {
      f(own_values + path, variable);
      f("frozen." + path, variable.frozen);
    };
    nn::for_each_variable(model_, visit_variable);
    optimizer_->visit_state(below("optimizer."));
    if (ema_) {
      ema_->visit_state([&](const std::string& name, auto& value) {
        constexpr std::string_view average = "average.";
        const bool is_swapped = averaged_ && name.starts_with(average);
        f(is_swapped ? "model." + name.substr(average.size()) : "ema." + name, value);
      });
    }
    progress_.visit_state(below("run."));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr bool can_set_dropout = requires(Model & model) {
    model.set_dropout(model.dropout_rate());
  };

  // A run may freeze and thaw on its way: what is frozen then is part of its state.
  const std::string& frozen_at_start() const {
    if (!frozen_at_start_) frozen_at_start_ = frozen_text(std::as_const(model_));
    return *frozen_at_start_;
  }

  // The optimiser, the average and the statistics before a step point at the model's variables.
  void check_in_place() const {
    EFFV2_CHECK(optimizer_->is_of(model_), ErrorCode::invalid_argument,
                "[fit] a part of the model was added or exchanged since this Trainer was made; "
                "make another one");
  }

  // Forward, loss and backward for the batches of a step, then the update. If the loss or a
  // gradient is not finite, nothing is updated: Error(non_finite) names the first layer that is
  // not, or the step is skipped. Fills in the report's loss, accuracy, rate and norm.
  void train_step(StepReport& report) {
    statistics_.take();
    try {
      update(report);
    } catch (const Error& error) {
      undo_step();
      const bool skips = options_.on_non_finite == NonFinite::skip;
      if (error.code() != ErrorCode::non_finite || !skips) throw;
      report.skipped = true;
      report.loss = report.accuracy = std::numeric_limits<double>::quiet_NaN();
    } catch (...) {
      undo_step();
      throw;
    }
    progress_.finish_step(report, options_.accumulate);
    // Past what is left of a skipped step.
    if (report.skipped && options_.accumulate > 1) start_loader();
  }

  void undo_step() {
    nn::zero_gradients(model_);
    statistics_.restore();
  }

  void update(StepReport& report) {
    for (std::int64_t part = 0; part < options_.accumulate; ++part) {
      const data::Batch<T>* batch = loader_.next();
      const bool skips = nn::skips_data_gradient(model_);
      context_.begin_step(static_cast<std::uint64_t>(progress_.step * options_.accumulate + part),
                          skips ? batch->images.view() : View<const T>{});
      add_gradients(*batch, report);
    }
    report.learning_rate = schedule_.at(progress_.step);
    report.gradient_norm =
        optimizer_->step(report.learning_rate, context_.execution, ema_ ? &*ema_ : nullptr);
  }

  // Those of the mean over the step's batches: each counts 1 / accumulate.
  void add_gradients(const data::Batch<T>& batch, StepReport& report) {
    const Tensor<T> logits = model_.forward(batch.images, saved_, context_);
    check_classes(logits, training_);
    Tensor<T> targets = context_.tensor(logits.shape()), dlogits = context_.tensor(logits.shape());
    kernels::smooth_targets<T>(targets, batch.labels, options_.label_smoothing);
    if (!options_.class_weights.empty()) {
      kernels::weigh_targets<T>(targets, batch.labels, options_.class_weights);
    }
    if (!batch.mix.empty()) data::mix_rows<T>(targets, batch.mix);
    const double loss = kernels::softmax_cross_entropy<T>(dlogits, logits, targets);
    // A batch norm makes what is infinite zero: the loss alone would not tell.
    EFFV2_CHECK(std::isfinite(loss) && context_.non_finite() == nullptr, ErrorCode::non_finite,
                "[fit] step ", progress_.step + 1,
                " is not finite, and the first that is not: ", first_non_finite(batch),
                "; nothing was updated");
    std::int64_t correct = 0;
    for (std::size_t n = 0; n < batch.labels.size(); ++n) {
      correct +=
          predicted_class<T>(logits, static_cast<std::int64_t>(n)) == batch.labels[n] ? 1 : 0;
    }
    const double share = 1.0 / static_cast<double>(options_.accumulate);
    report.loss += share * loss;
    report.accuracy +=
        share * static_cast<double>(correct) / static_cast<double>(batch.labels.size());
    if (options_.accumulate > 1) {
      for (T& d : dlogits) d *= static_cast<T>(share);
    }
    model_.backward(dlogits, saved_, context_);
  }

  // Where the trouble of a step began: a cause if there is one, else the first layer that noticed.
  EFFV2_SETUP std::string first_non_finite(const data::Batch<T>& batch) const {
    if (!is_finite<T>(batch.images)) return "the images of the batch";
    std::string found;
    nn::for_each_parameter(model_, [&](const std::string& path, const auto& parameter) {
      if (found.empty() && !is_finite<T>(parameter.value())) found = path;
    });
    if (!found.empty()) return found;
    nn::for_each_state(model_, [&](const std::string& path, const auto& state) {
      if (context_.non_finite() == &state)
        found = "what reaches " + path.substr(0, path.rfind('.'));
    });
    return found.empty() ? "the logits" : found;
  }

  static const data::Dataset& no_data() {
    static const data::Dataset none;
    return none;
  }

  static const FitOptions& checked(const FitOptions& o) {
    o.validate();
    for (const Stage& stage : o.stages) {
      EFFV2_CHECK(stage.dropout < 0.0 || can_set_dropout, ErrorCode::unsupported,
                  "[fit] a stage asks for dropout, and the model has no set_dropout");
    }
    return o;
  }

  // Leaves the model with its own dropout. The next run takes up the stage that it is in.
  struct StagesEnd {
    Trainer& trainer;
    ~StagesEnd() {
      if (trainer.options_.stages.empty()) return;
      trainer.stage_ = -1;
      if constexpr (can_set_dropout) trainer.model_.set_dropout(trainer.built_dropout_);
    }
  };

  // Takes up the stage of the next step, unless it is the present one.
  bool enter_stage() {
    const auto stages = static_cast<std::int64_t>(options_.stages.size());
    if (stages == 0) return false;
    const std::int64_t stage = std::min(stages - 1, progress_.step * stages / total_steps());
    if (stage == stage_) return false;
    const Stage& now = options_.stages[static_cast<std::size_t>(stage)];
    data::LoaderOptions options = loader_options(options_);
    options.image_size = now.image_size.value_or(options.image_size);
    options.augmentation = now.augmentation, options.mixup = now.mixup;
    loader_.set_options(options);
    if constexpr (can_set_dropout) {
      model_.set_dropout(now.dropout >= 0.0 ? now.dropout : built_dropout_);
    }
    context_.clear();  // memory of the other size
    stage_ = stage;
    return true;
  }

  // Those of the weights to be evaluated, on pictures as they will be.
  void estimate_statistics() {
    if (options_.statistics_batches == 0) return;
    data::LoaderOptions options = loader_options(options_);
    options.augmentation = {}, options.mixup = 0.0;
    with_average([&] {
      train::estimate_statistics(model_, saved_, training_, options, options_.statistics_batches,
                                 context_, options_.on_non_finite);
    });
  }

  bool is_done() const { return progress_.step >= total_steps(); }

  // An epoch that a checkpoint found with all its batches done still has to be evaluated.
  bool goes_on() const { return progress_.batch > 0 || (!is_done() && !out_of_patience()); }

  // Whether the best evaluation is too long ago. Patience begins with the last stage, which the
  // ones before only lead to.
  bool out_of_patience() const {
    const auto stages = std::max<std::int64_t>(1, std::ssize(options_.stages));
    const std::int64_t last_stage = (total_steps() * (stages - 1) + stages - 1) / stages;
    const std::int64_t since = progress_.step - std::max(progress_.best_step, last_stage);
    return options_.patience > 0 && progress_.best_step > 0 &&
           since >= options_.patience * epoch_steps();
  }

  static data::LoaderOptions loader_options(const FitOptions& o) {
    data::LoaderOptions options = o.data;
    options.batch_size = o.batch_size;
    options.seed = o.seed;
    options.shuffle = true, options.drop_last = true;
    return options.beside(clamp_threads(o.threads));
  }

  void start_loader() { loader_.start(progress_.epoch, progress_.batch); }

  bool has_batches_of_step() const {
    return progress_.batch + options_.accumulate <= loader_.batches();
  }

  EpochReport run_epoch(const Callbacks& callbacks, bool& stopped) {
    Clock::time_point before = Clock::now();
    enter_stage();
    start_loader();
    while (!stopped && !is_done() && has_batches_of_step()) {
      if (enter_stage()) start_loader();
      StepReport report{.total_steps = total_steps(), .epoch = progress_.epoch};
      report.image_size = loader_.shape(1)[1];
      train_step(report);
      progress_.seconds += std::chrono::duration<double>(Clock::now() - before).count();
      report.step = progress_.step;
      report.seconds = progress_.seconds;
      report.images_per_second =
          static_cast<double>(progress_.step * options_.accumulate * options_.batch_size) /
          std::max(1e-9, progress_.seconds);
      const std::pair place(progress_.epoch, progress_.batch);
      if (callbacks.on_step && !callbacks.on_step(report)) stopped = true;
      // The callback may have loaded a checkpoint.
      if (place != std::pair(progress_.epoch, progress_.batch)) start_loader();
      before = Clock::now();
    }
    return progress_.epoch_report();
  }

  // While it lives, the model has its average, if there is one.
  class Averaged {
   public:
    explicit Averaged(Trainer& trainer)
        : trainer_(trainer), swaps_(trainer.ema_.has_value() && !trainer.averaged_) {
      if (swaps_) swap(true);
    }
    Averaged(const Averaged&) = delete;
    Averaged& operator=(const Averaged&) = delete;
    ~Averaged() {
      if (swaps_) swap(false);
    }

   private:
    void swap(bool averaged) {
      trainer_.ema_->swap();
      trainer_.averaged_ = averaged;
    }

    Trainer& trainer_;
    const bool swaps_;
  };

  Evaluation evaluate_test() {
    if (test_.labels.empty()) return {};
    data::LoaderOptions options = options_.data;
    options.batch_size = options_.evaluation_batch;
    return with_average([&] { return evaluate(model_, test_, options, context_); });
  }

  Model& model_;
  const data::Dataset& training_;
  const data::Dataset& test_;
  FitOptions options_;
  nn::Context<T> context_;
  typename Model::Saved saved_;
  data::Loader<T> loader_;
  std::unique_ptr<optim::Optimizer<T>> optimizer_;
  std::optional<optim::Ema<T>> ema_;
  optim::Schedule schedule_;
  nn::StateSnapshot<T> statistics_;                     // as they were before the step
  mutable std::string data_text_;                       // what configuration() says of the data
  mutable std::optional<std::string> frozen_at_start_;  // in configuration()
  std::int64_t stage_ = -1;                             // of options_.stages; -1: none yet
  double built_dropout_ = 0.0;                          // of the model, outside of stages
  bool averaged_ = false;  // the model and the average have changed places
  RunProgress progress_;
};

/// Trains `model` on `training`, evaluating on `test`, which may be left out; with an EMA the model
/// ends with the averaged weights. Prints nothing.
template <class Model>
FitResult fit(Model& model, const data::Dataset& training, const data::Dataset& test,
              const FitOptions& options, const Callbacks& callbacks = {}) {
  return Trainer<Model>(model, training, test, options).run(callbacks);
}
template <class Model>
FitResult fit(Model& model, const data::Dataset& training, const FitOptions& options,
              const Callbacks& callbacks = {}) {
  return Trainer<Model>(model, training, options).run(callbacks);
}

}  // namespace effv2::inline EFFV2_ISA::train
