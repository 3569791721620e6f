// The parts of a report that tell how training went: curves, schedule, epochs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/text.hpp"
#include "html.hpp"
#include "run_record.hpp"
#include "svg_chart.hpp"

namespace effv2::inline EFFV2_ISA::train {

namespace detail {

inline svg::Axis step_axis() {
  return {.label = "step", .text = [](double step) { return text::grouped(std::llround(step)); }};
}

// Where stages begin, if there are several.
inline std::vector<svg::Mark> stage_marks(const RunRecord& record) {
  std::vector<svg::Mark> marks;
  const auto stages = static_cast<std::int64_t>(record.stages.size());
  for (std::int64_t i = 1; i < stages; ++i) {
    marks.push_back({static_cast<double>(record.total_steps * i) / static_cast<double>(stages)});
  }
  return marks;
}

// A point for each step that is in the record.
template <class OfStep>
std::vector<svg::Point> step_points(const RunRecord& record, OfStep&& value) {
  std::vector<svg::Point> points;
  for (const StepReport& r : record.steps) {
    points.push_back({static_cast<double>(r.step), value(r)});
  }
  return points;
}

// The mean of each point and its neighbours: batches are few pictures, and jump.
inline std::vector<svg::Point> smoothed(const std::vector<svg::Point>& points) {
  const std::size_t reach = points.size() / 40;
  std::vector<svg::Point> means;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t first = i - std::min(i, reach);
    const std::size_t last = std::min(points.size() - 1, i + reach);
    double sum = 0.0;
    for (std::size_t k = first; k <= last; ++k) sum += points[k].y;
    means.push_back({points[i].x, sum / static_cast<double>(last - first + 1)});
  }
  return means;
}

// Training as it was, its mean, and a point for each epoch that was evaluated.
template <class OfStep, class OfEpoch>
std::vector<svg::Series> course(const RunRecord& record, OfStep&& of_step, OfEpoch&& of_epoch) {
  svg::Series batches{.points = step_points(record, of_step), .is_faint = true};
  svg::Series training{.name = "training", .points = smoothed(batches.points)};
  svg::Series test{.name = "test", .color = 1, .has_dots = true};
  for (const EpochRecord& r : record.epochs) {
    if (r.is_evaluated) test.points.push_back({static_cast<double>(r.step), of_epoch(r)});
  }
  return {std::move(batches), std::move(training), std::move(test)};
}

inline std::string loss_chart(const RunRecord& record) {
  return svg::line_chart({.title = "Loss of training and test over the steps",
                          .series = course(
                              record, [](const StepReport& r) { return r.loss; },
                              [](const EpochRecord& r) { return r.test_loss; }),
                          .x = step_axis(),
                          .y = {.label = "loss", .scale = svg::Scale::logarithmic},
                          .marks = stage_marks(record),
                          .height = 260.0});
}

// Drawn as what is missing to 100 %, on a logarithmic axis that falls: 99 % and 99.9 % are as far
// apart as 0 % and 90 %. Where nothing is missing there is half of the least that is.
inline std::string accuracy_chart(const RunRecord& record) {
  std::vector<svg::Series> series = course(
      record, [](const StepReport& r) { return 1.0 - r.accuracy; },
      [](const EpochRecord& r) { return 1.0 - r.test_accuracy; });
  double least = 1.0;
  for (const svg::Series& s : series) {
    for (const svg::Point& p : s.points) least = p.y > 1e-12 ? std::min(least, p.y) : least;
  }
  const double nothing = 0.5 * least;
  for (svg::Series& s : series) {
    for (svg::Point& p : s.points) p.y = std::max(p.y, nothing);
  }
  const auto accuracy = [nothing](double missing) {
    return concat(text::rounded(missing <= nothing ? 100.0 : 100.0 * (1.0 - missing), 4), " %");
  };
  return svg::line_chart({.title = "Accuracy of training and test over the steps",
                          .series = std::move(series),
                          .x = step_axis(),
                          .y = {.label = "accuracy",
                                .scale = svg::Scale::logarithmic,
                                .is_falling = true,
                                .text = accuracy},
                          .marks = stage_marks(record),
                          .height = 260.0});
}

// A value over the steps, small.
inline std::string small_chart(const RunRecord& record, svg::Series series, svg::Axis axis) {
  return svg::line_chart({.title = concat(axis.label, " over the steps"),
                          .series = {std::move(series)},
                          .x = step_axis(),
                          .y = std::move(axis),
                          .marks = stage_marks(record),
                          .height = 150.0});
}

// Images per second from each point to the next.
inline svg::Series speed_series(const RunRecord& record) {
  svg::Series series{.color = 2};
  double images = 0.0, seconds = 0.0;
  for (const StepReport& r : record.steps) {
    const double images_now = r.images_per_second * r.seconds;
    if (r.seconds > seconds) {
      series.points.push_back(
          {static_cast<double>(r.step), (images_now - images) / (r.seconds - seconds)});
    }
    images = images_now, seconds = r.seconds;
  }
  return series;
}

inline std::string schedule_charts(const RunRecord& record) {
  const auto series = [&record](int color, auto value) {
    return svg::Series{.points = step_points(record, value), .color = color};
  };
  svg::Series size =
      series(0, [](const StepReport& r) { return static_cast<double>(r.image_size); });
  size.is_stairs = true;
  std::string charts =
      small_chart(record, series(0, [](const StepReport& r) { return r.learning_rate; }),
                  {.label = "learning rate", .includes_zero = true});
  charts +=
      small_chart(record, std::move(size), {.label = "picture size, px", .includes_zero = true});
  charts += small_chart(record, series(3, [](const StepReport& r) { return r.gradient_norm; }),
                        {.label = "norm of the gradient", .scale = svg::Scale::logarithmic});
  charts += small_chart(record, speed_series(record), {.label = "images/s", .includes_zero = true});
  return html::element("div", "pair", charts);
}

inline std::string stage_table(const RunRecord& record) {
  std::vector<std::vector<html::Cell>> rows{{{"stage", false},
                                             {"steps"},
                                             {"pictures"},
                                             {"augmentation", false},
                                             {"RandAugment"},
                                             {"mixup"},
                                             {"dropout"}}};
  const auto count = static_cast<std::int64_t>(record.stages.size());
  const auto or_none = [](double value) { return value == 0.0 ? "none" : text::rounded(value); };
  for (std::int64_t i = 0; i < count; ++i) {
    const StageRecord& stage = record.stages[static_cast<std::size_t>(i)];
    // The first steps that belong to this stage and to the next: ceil(total i / count).
    const auto first = [&](std::int64_t k) { return (record.total_steps * k + count - 1) / count; };
    const bool is_empty = first(i) >= first(i + 1);
    rows.push_back(
        {{text::grouped(i + 1), false},
         {is_empty ? std::string(text::no_number)
                   : concat(text::grouped(first(i) + 1), "–", text::grouped(first(i + 1)))},
         {stage.image_size.is_given() ? concat(stage.image_size, " px") : "as they are"},
         {stage.augmentation.empty() ? "none" : stage.augmentation, false},
         {or_none(stage.magnitude)},
         {or_none(stage.mixup)},
         {stage.dropout < 0.0 ? "the model's" : or_none(stage.dropout)}});
  }
  return html::table(rows);
}

inline std::string epoch_table(const RunRecord& record) {
  std::vector<std::vector<html::Cell>> rows{{{"epoch", false},
                                             {"steps"},
                                             {"training loss"},
                                             {"training accuracy"},
                                             {"test loss"},
                                             {"test accuracy"},
                                             {"time"}}};
  for (const EpochRecord& r : record.epochs) {
    const std::string none(text::no_number);
    rows.push_back({{text::grouped(r.epoch + 1), false},
                    {text::grouped(r.step)},
                    {text::fixed(r.loss, 4)},
                    {text::percent(r.accuracy)},
                    {r.is_evaluated ? text::fixed(r.test_loss, 4) : none},
                    {r.is_evaluated ? text::percent(r.test_accuracy) : none},
                    {text::duration(r.seconds)}});
  }
  return html::table(rows);
}

}  // namespace detail

/// The evaluation of the best accuracy, the first of equals; null if there was none.
inline const EpochRecord* best_epoch(const RunRecord& record) {
  const EpochRecord* best = nullptr;
  for (const EpochRecord& r : record.epochs) {
    if (r.is_evaluated && (best == nullptr || r.test_accuracy > best->test_accuracy)) best = &r;
  }
  return best;
}

/// Loss and accuracy over the steps, and a table of the epochs.
inline std::string curves_section(const RunRecord& record) {
  std::string note =
      "Training is what the network saw, with all augmentation, mixing and smoothing there was; "
      "the test pictures are as they are. The scales are logarithmic.";
  if (const EpochRecord* best = best_epoch(record); best != nullptr) {
    note += concat(" The best evaluation was ", text::percent(best->test_accuracy),
                   ", after epoch ", best->epoch + 1, ".");
  }
  std::string content =
      html::element("div", "pair", detail::accuracy_chart(record) + detail::loss_chart(record));
  if (!record.epochs.empty()) {
    const std::size_t count = record.epochs.size();
    content += html::folded(
        count == 1 ? "The epoch in numbers" : concat("All ", count, " epochs in numbers"),
        detail::epoch_table(record));
  }
  return html::section("Curves", note, content);
}

/// Learning rate, picture size, regularisation, and what is measured beside them.
inline std::string schedule_section(const RunRecord& record) {
  std::string content = detail::schedule_charts(record);
  if (!record.stages.empty()) content += detail::stage_table(record);
  const char* note = record.stages.size() > 1
                         ? "Progressive learning: small pictures and little regularisation first. "
                           "The dotted lines are where a stage begins."
                         : "One stage: picture size and regularisation are the same throughout.";
  return html::section("Schedule and speed", note, content);
}

}  // namespace effv2::inline EFFV2_ISA::train
