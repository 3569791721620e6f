// What a run was: its settings, its course, its outcome. A report is made of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/parallel.hpp"
#include "../core/text.hpp"
#include "../data/augment.hpp"
#include "../nn/graph.hpp"
#include "../version.hpp"
#include "callbacks.hpp"
#include "fit_options.hpp"
#include "metrics.hpp"
#include "progressive.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// A stage as people read it.
struct StageRecord {
  PictureSize image_size = {};    // by default the data's
  std::string augmentation = {};  // "shift 2 px, rotate 10°"; empty: none
  double magnitude = 0.0;         // of RandAugment
  double mixup = 0.0;             // alpha
  double dropout = -1.0;          // negative: as the model was built
};

/// An epoch's means, and what an evaluation after it found.
struct EpochRecord {
  std::int64_t epoch = 0, step = 0;  // from 0; steps done by then
  double loss = 0.0, accuracy = 0.0, seconds = 0.0;
  bool is_evaluated = false;
  double test_loss = 0.0, test_accuracy = 0.0;
};

/// What is active in an augmentation, but for RandAugment's magnitude.
inline std::string describe(const data::Augmentation& a) {
  std::string text;
  const auto add = [&text](bool is_active, const auto&... parts) {
    if (is_active) text += concat(text.empty() ? "" : ", ", parts...);
  };
  const auto number = [](double value) { return text::rounded(value, 2); };
  add(a.rand_augment.active(), "RandAugment, ", a.rand_augment.draws, " draws");
  add(a.shift > 0.0, "shift ", number(a.shift), " px");
  add(a.rotate > 0.0, "rotate ", number(a.rotate), "°");
  add(a.scale > 0.0, "scale ", number(a.scale));
  add(a.shear > 0.0, "shear ", number(a.shear), "°");
  add(a.stretch > 0.0, "stretch ", number(a.stretch));
  add(a.elastic > 0.0, "elastic ", number(a.elastic), " px");
  add(a.crop > 0.0, "crop ", number(a.crop));
  add(a.mirror, "mirror");
  add(a.erase > 0.0, "erase ", number(a.erase));
  return text;
}

/// The stages that the options ask for, or the one that they are.
inline std::vector<StageRecord> stage_records(const FitOptions& o) {
  std::vector<StageRecord> records;
  const auto add = [&records](PictureSize size, const data::Augmentation& augmentation,
                              double mixup, double dropout) {
    records.push_back(
        {size, describe(augmentation), augmentation.rand_augment.magnitude, mixup, dropout});
  };
  for (const Stage& s : o.stages) {
    add(s.image_size.value_or(o.data.image_size), s.augmentation, s.mixup, s.dropout);
  }
  if (o.stages.empty()) add(o.data.image_size, o.data.augmentation, o.data.mixup, -1.0);
  return records;
}

/// Fill in what is known before the run, let the callbacks note() its course, and add the
/// evaluation (FitResult has it).
struct RunRecord {
  using Facts = std::vector<std::pair<std::string, std::string>>;

  std::string title = {};
  Facts facts = {};                // names and values; environment() has some
  std::string configuration = {};  // configuration_text()
  std::vector<StageRecord> stages = {};
  nn::Summary summary{nn::Graph({0})};  // of the model, for one picture
  std::int64_t total_steps = 0;         // that the run was to have
  std::int64_t steps_done = 0;

  std::vector<StepReport> steps = {};  // thinned; loss and accuracy are means since the one before
  std::vector<EpochRecord> epochs = {};
  Evaluation evaluation = {};

  /// As many points as a chart has use for.
  static constexpr std::size_t most_steps = 600;

  void note(const StepReport& report) {
    total_steps = report.total_steps;
    steps_done = std::max(steps_done, report.step);
    weights_.resize(steps.size(), 1.0);  // of points that a program has put there
    if (!report.skipped) add(report, 1.0);
    if (steps.size() <= most_steps) return;
    interval_ *= 2;
    const std::vector<StepReport> finer = std::exchange(steps, {});
    const std::vector<double> weights = std::exchange(weights_, {});
    for (std::size_t i = 0; i < finer.size(); ++i) add(finer[i], weights[i]);
  }

  void note(const EpochReport& r) {
    EpochRecord record{r.epoch, r.step, r.loss, r.accuracy, r.seconds};
    if (r.evaluation != nullptr) {
      record.is_evaluated = true;
      record.test_loss = r.evaluation->loss, record.test_accuracy = r.evaluation->accuracy();
    }
    note(record);
  }
  void note(const EpochRecord& record) {
    steps_done = std::max(steps_done, record.step);
    epochs.push_back(record);
  }

  /// Callbacks that do nothing but note; the record must outlive them.
  Callbacks callbacks() {
    Callbacks notes;
    notes.on_step = [this](const StepReport& report) { return note(report), true; };
    notes.on_epoch = [this](const EpochReport& report) { note(report); };
    return notes;
  }

 private:
  // Steps (k n, (k + 1) n] become one point, which is as far as the last of them.
  void add(const StepReport& report, double weight) {
    const auto interval_of = [this](std::int64_t step) { return (step - 1) / interval_; };
    if (steps.empty() || interval_of(steps.back().step) != interval_of(report.step)) {
      steps.push_back(report), weights_.push_back(weight);
      return;
    }
    StepReport& point = steps.back();
    const double part = weight / (weights_.back() += weight);
    const double loss = point.loss + part * (report.loss - point.loss);
    const double accuracy = point.accuracy + part * (report.accuracy - point.accuracy);
    point = report;
    point.loss = loss, point.accuracy = accuracy;
  }

  std::int64_t interval_ = 1;    // steps to a point
  std::vector<double> weights_;  // steps in each point
};

/// What a run's speed depends on: this build and `threads` (0: all cores).
inline RunRecord::Facts environment(int threads) {
#if defined(__clang__)
  const std::string compiler = concat("clang ", __clang_major__, '.', __clang_minor__);
#elif defined(__GNUC__)
  const std::string compiler = concat("g++ ", __GNUC__, '.', __GNUC_MINOR__);
#else
  const std::string compiler = "unknown";
#endif
  return {{"effv2", EFFV2_VERSION_STRING},
          {"instruction set", EFFV2_ISA_NAME},
          {"threads", concat(clamp_threads(threads))},
          {"compiler", compiler}};
}

}  // namespace effv2::inline EFFV2_ISA::train
