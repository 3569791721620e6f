// Trains an EfficientNet on MNIST and shows what it learned.
//
//   mnist_train                          a V2-S on the digits it finds
//   mnist_train --model tiny --epochs 2  a small network
//   mnist_train --help                   everything else

#include <csignal>
#include <cstdio>
#include <effv2/core/error.hpp>
#include <effv2/core/processor.hpp>
#include <exception>

#include "mnist_data.hpp"
#include "options.hpp"
#include "report.hpp"
#include "training.hpp"

namespace {

constexpr int usage_error = 2, interrupted = 130;

volatile std::sig_atomic_t stop_requested = 0;

// The first Ctrl-C asks for an end after the current step, the second one is not waited for.
void on_interrupt(int) {
  stop_requested = 1;
  std::signal(SIGINT, SIG_DFL);
}

int run(int argc, char** argv) {
  Options options;
  if (!parse_command_line(argc, argv, options)) return 0;
  const MnistData data = load_mnist_data(options.data);
  const Training training = prepare_training(options, data);
  std::signal(SIGINT, on_interrupt);

  // Only now, when nothing but the training itself can fail, is anything written.
  Progress progress(options.quiet);
  MetricsFile metrics(options.out);
  effv2::train::Callbacks callbacks;
  callbacks.on_step = [&](const effv2::train::StepReport& report) {
    progress.step(report);
    metrics.step(report);
    return stop_requested == 0;
  };
  callbacks.on_epoch = [&](const effv2::train::EpochReport& report) {
    progress.epoch(report);
    metrics.epoch(report);
  };
  const effv2::train::FitResult result = training(callbacks);
  if (!options.quiet) print_evaluation(result.evaluation, data.test);
  std::printf("%s\n", accuracy_line(result.evaluation).c_str());
  return result.stopped ? interrupted : 0;
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
