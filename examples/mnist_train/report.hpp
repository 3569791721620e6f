// What a run tells: lines on the terminal, records in metrics.jsonl, tables at the end.
#pragma once

#include <cstdio>
#include <effv2/core/byte_source.hpp>
#include <effv2/data/dataset.hpp>
#include <effv2/nn/graph.hpp>
#include <effv2/train/callbacks.hpp>
#include <effv2/train/run_record.hpp>
#include <optional>
#include <string>

#include "../mnist_data.hpp"
#include "options.hpp"
#include "training.hpp"

/// A live line that is rewritten on a terminal; a line now and then elsewhere; nothing if quiet.
class Progress {
 public:
  explicit Progress(bool quiet);
  void resumed(std::int64_t step);
  void stopping();
  void stopped(std::int64_t step, bool has_checkpoint);
  void skipped(std::int64_t steps);
  void step(const effv2::train::StepReport& report);
  void epoch(const effv2::train::EpochReport& report);

 private:
  void clear_line();
  bool quiet_, terminal_;
  double next_ = 0.0;
};

/// Writes DIR/metrics.jsonl: a record every 10 steps, and one per epoch. A run that was resumed
/// goes on with the records of what it had done by then.
class MetricsFile {
 public:
  /// An empty directory name: writes nothing.
  explicit MetricsFile(const std::string& directory,
                       const std::optional<Training::Position>& resumed = {});
  void step(const effv2::train::StepReport& report);
  void epoch(const effv2::train::EpochReport& report);

 private:
  void write(const std::string& record);
  effv2::FileHandle file_;
};

/// Writes what a report is made of beside DIR/metrics.jsonl, and the report. Nothing without a DIR.
class RunFolder {
 public:
  RunFolder(const Options& options, const MnistData& data,
            const std::optional<Training::Position>& resumed)
      : options_(options), data_(data), resumed_(resumed) {}
  /// DIR/run.json.
  void describe(effv2::train::RunRecord record) const;
  /// DIR/report.html, of the whole run, whoever did the first part of it. One that cannot be
  /// written is a warning.
  void report(const effv2::nn::Summary& summary, const effv2::train::FitResult& result) const;

 private:
  effv2::train::RunRecord::Facts earlier_times() const;

  const Options& options_;
  const MnistData& data_;
  std::optional<Training::Position> resumed_;
};

/// Per-class table, confusion matrix and some misread digits.
void print_evaluation(const effv2::train::Evaluation& evaluation, const effv2::data::Dataset& test);

/// "test accuracy 99.43 % (9943/10000)"
std::string accuracy_line(const effv2::train::Evaluation& evaluation);
