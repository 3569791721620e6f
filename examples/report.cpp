// Makes the report of a run anew, from what mnist_train --out left:
//
//   report DIR                         DIR/report.html
//   report DIR --data DATA --out FILE
//
// The network in DIR/model.safetensors reads the test set again; the course of the run is in
// DIR/metrics.jsonl.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <effv2/train/report.hpp>
#include <exception>
#include <string>

#include "distinct_files.hpp"
#include "mnist_data.hpp"
#include "run_folder.hpp"

using namespace effv2;

namespace {

struct Options {
  std::string run, data, out;
  int threads = 0;
};

// False where only help was wanted.
bool parse(int argc, char** argv, Options& o) {
  CLI::App app("Makes the report of a run anew.", "report");
  app.add_option("DIR", o.run, "what mnist_train --out left")->required();
  app.add_option("--data", o.data, "directory with MNIST's IDX files; without it the run's own");
  app.add_option("--out", o.out, "the page; without it DIR/report.html");
  app.add_option("--threads", o.threads, "0: all cores")->check(CLI::Range(0, 256));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request), false;
  }
  return true;
}

void run(const Options& o) {
  RunFile file = read_run(o.run);
  const std::string network = o.run + "/model.safetensors";
  EFFV2_CHECK(file_exists(network), ErrorCode::io, network,
              " is missing: a run has a network when it has ended, and until then checkpoints to "
              "--resume from");
  const std::string path = o.out.empty() ? o.run + "/report.html" : o.out;
  check_distinct(path, network);
  const auto [model, card] = io::load_model<float>(network);
  MnistData data = load_mnist_data(o.data.empty() ? file.data : o.data);
  if (file.hold_out > 0) hold_out(data, file.hold_out);

  data::LoaderOptions loading;
  loading.batch_size = train::FitOptions{}.evaluation_batch, loading.image_size = file.image_size;
  loading.mean = card.mean, loading.deviation = card.deviation;
  nn::Context<float> context(o.threads);
  const data::Dataset& test = data.test;
  const auto [height, width] = file.image_size.value_or(test.picture_size());
  file.record.evaluation = train::evaluate(model, test, loading, context);
  file.record.summary = nn::summary(model, {1, height, width, test.channels()});
  train::write_report(path, file.record, test);
  std::printf("%s: test accuracy %.2f %%\n", path.c_str(),
              100.0 * file.record.evaluation.accuracy());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options;
    if (parse(argc, argv, options)) run(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "report: %s\n", error.what());
    return 2;
  }
}
