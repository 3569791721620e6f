// Trains an EfficientNet on MNIST and shows what it learned.
//
//   mnist_train                          a V2-S on the digits it finds
//   mnist_train --model tiny --epochs 2  a small network
//   mnist_train --help                   everything else

#include <cstdio>
#include <effv2/core/error.hpp>
#include <effv2/core/processor.hpp>
#include <exception>
#include <memory>
#include <optional>

#include "../mnist_data.hpp"
#include "../run_folder.hpp"
#include "../stop_signal.hpp"
#include "../written_out.hpp"
#include "options.hpp"
#include "report.hpp"
#include "training.hpp"

namespace {

int run(int argc, char** argv) {
  Options options;
  if (!parse_command_line(argc, argv, options)) return 0;
  MnistData data = load_mnist_data(options.data);
  if (options.hold_out > 0) hold_out(data, options.hold_out);
  const std::unique_ptr<Training> training = prepare_training(options, data);
  std::optional<Training::Position> resumed;
  if (options.resume) resumed = training->resume();
  watch_stop_signals();

  // Only now, when nothing but the training itself can fail, is anything written.
  const std::optional<effv2::AppendedFile> lock = lock_folder(options.out);
  Progress progress(options.quiet);
  if (resumed) progress.resumed(resumed->step);
  MetricsFile metrics(options.out, resumed);
  const RunFolder folder(options, data, resumed);
  folder.describe(training->record());
  bool saved = false;
  effv2::train::Callbacks callbacks;
  callbacks.on_step = [&](const effv2::train::StepReport& report) {
    progress.step(report);
    metrics.step(report);
    const bool stops = stop_signal != 0;
    const bool is_due = options.checkpoint_every > 0 && report.step % options.checkpoint_every == 0;
    if (stops || is_due) saved = training->save_checkpoint();
    if (stops) progress.stopping();
    return !stops;
  };
  callbacks.on_epoch = [&](const effv2::train::EpochReport& report) {
    progress.epoch(report);
    metrics.epoch(report);
    training->save_checkpoint();
  };
  const effv2::train::FitResult result = training->run(callbacks);
  if (result.stopped) progress.stopped(result.steps, saved);
  if (result.skipped > 0) progress.skipped(result.skipped);
  folder.report(training->record().summary, result);
  if (!options.quiet) print_evaluation(result.evaluation, data.test);
  std::printf("%s\n", accuracy_line(result.evaluation).c_str());
  check_written_out();
  return result.stopped ? killed_by_signal + stop_signal : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    effv2::require_processor();
    return run(argc, argv);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "mnist_train: %s (see --help)\n", error.text.c_str());
  } catch (const effv2::Error& error) {
    std::fprintf(stderr, "mnist_train: %s\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mnist_train: %s\n", error.what());
    return 1;
  }
  return usage_error;
}
