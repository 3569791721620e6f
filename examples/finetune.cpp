// Teaches a trained network new classes, from a folder of pictures per class:
//
//   finetune FOLDER OUT.safetensors
//   finetune FOLDER OUT.safetensors --weights s.safetensors --model s --size 128
//   finetune FOLDER OUT.safetensors --report OUT.html
//
// (the second with torchvision's weights, the third with a page about the run). A fifth of every
// class is kept for the test. The network keeps its body and gets a new classifier; with --freeze
// only that is trained. The result says what it is: predict and export_onnx read it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <effv2/train/report.hpp>
#include <exception>
#include <string>
#include <utility>

#include "class_recalls.hpp"
#include "decode_picture.hpp"
#include "distinct_files.hpp"
#include "picture_network.hpp"
#include "seed_check.hpp"

using namespace effv2;

namespace {

struct Options {
  std::string folder, out, report;
  std::string weights = EFFV2_SOURCE_DIR "/examples/data/mnist_tiny.safetensors";
  std::string model;  // of weights that do not say what they are
  PictureSize size;   // by default what the network was trained with
  std::int64_t epochs = 10, batch = 32, seed = 1;
  double learning_rate = 0.0;
  int threads = 0;
  bool freeze = false;
};

PictureSize picture_size(const std::string& text) {
  constexpr std::int64_t most = 4096;
  const PictureSize size = PictureSize::parse(text);
  EFFV2_CHECK(std::max(size.height, size.width) <= most, ErrorCode::invalid_argument,
              "--size: expected at most ", most, " pixels, got ", size);
  return size;
}

// False where only help was wanted.
bool parse(int argc, char** argv, Options& o) {
  CLI::App app("Teaches a trained network new classes.", "finetune");
  app.option_defaults()->always_capture_default();
  app.add_option("FOLDER", o.folder, "FOLDER/apple/1.png, FOLDER/pear/...")->required();
  app.add_option("OUT", o.out, "the new network, .safetensors")->required();
  app.add_option("--weights", o.weights, "a network of this library's, or torchvision's weights");
  app.add_option("--model", o.model, "what torchvision's weights are of: s m l v1-b0 ... v1-b7");
  app.add_option_function<std::string>(
      "--size", [&o](const std::string& text) { o.size = picture_size(text); },
      "a square's side or HEIGHTxWIDTH, in pixels; 0, the default: what the network was trained "
      "with");
  app.add_option("--epochs", o.epochs)->check(CLI::Range(1, 100000));
  app.add_option("--batch", o.batch)->check(CLI::Range(2, 1 << 16));
  app.add_option("--lr", o.learning_rate, "0: 0.002, or 0.01 with --freeze")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", o.seed)->check(seed_check());
  app.add_option("--threads", o.threads, "0: all cores")->check(CLI::Range(0, 256));
  app.add_option("--report", o.report, "a page about the run: curves, errors, network; .html");
  app.add_flag("--freeze", o.freeze, "train the classifier only");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request), false;
  }
  return true;
}

io::LoadedModel<float> load(const Options& o) {
  const io::SafetensorsFile file = io::SafetensorsFile::read(o.weights);
  if (io::says_what_it_is(file)) return io::load_model<float>(file);
  EFFV2_CHECK(!o.model.empty(), ErrorCode::invalid_argument, o.weights,
              " does not say what it is: which --model is it of?");
  return io::load_torchvision<float>(file, o.model);
}

void run(const Options& o) {
  io::LoadedModel<float> loaded = load(o);
  check_takes_pictures(loaded, o.weights);
  auto& [model, card] = loaded;
  card.image_size = o.size.value_or(card.image_size);
  EFFV2_CHECK(card.image_size.is_given(), ErrorCode::invalid_argument, o.weights,
              " does not say how large its pictures are: give --size");
  const auto channels = static_cast<int>(model.options.in_channels);
  const auto [height, width] = card.image_size;
  const auto [training, test] =
      data::load_image_folder(o.folder, height, width, [channels](const std::string& path) {
        return decode_picture(path, channels);
      }).stratified_split(0.2, static_cast<std::uint64_t>(o.seed));
  card.class_names = training.class_names;
  model.replace_classifier(training.classes, static_cast<std::uint64_t>(o.seed));
  if (o.freeze) {
    nn::freeze(model, "");
    nn::freeze(model, "classifier", false);
  }
  std::printf(
      "%s, %lld parameters; %lld pictures to learn from and %lld to test, of %lld classes\n",
      std::string(model.spec.name).c_str(), static_cast<long long>(nn::parameter_count(model)),
      static_cast<long long>(training.size()), static_cast<long long>(test.size()),
      static_cast<long long>(training.classes));

  if (!o.report.empty()) {
    check_distinct(o.report, o.out);
    check_distinct(o.report, o.weights);
  }
  // Whether the result can be written is found out before there is one.
  card.validate(model.options.in_channels, model.options.classes);
  AtomicFile{o.out};
  if (!o.report.empty()) AtomicFile{o.report};

  train::FitOptions options{.epochs = o.epochs,
                            .batch_size = std::min(o.batch, training.size()),
                            .warmup_epochs = 0.5,
                            .threads = o.threads,
                            .seed = static_cast<std::uint64_t>(o.seed)};
  options.learning_rate = o.learning_rate != 0.0 ? o.learning_rate : o.freeze ? 0.01 : 0.002;
  options.data.mean = card.mean, options.data.deviation = card.deviation;
  options.data.augmentation = {
      .shift = 0.07 * static_cast<double>(height), .rotate = 10.0, .scale = 0.1};
  train::RunRecord record;
  train::Callbacks callbacks = record.callbacks();
  callbacks.on_epoch = [&record](const train::EpochReport& r) {
    record.note(r);
    std::printf("epoch %2lld  loss %.4f  test accuracy %6.2f %%  (%.0f s)\n",
                static_cast<long long>(r.epoch + 1), r.loss, 100.0 * r.evaluation->accuracy(),
                r.seconds);
    std::fflush(stdout);
  };
  const train::FitResult result = train::fit(model, training, test, options, callbacks);
  print_class_recalls(test, result.evaluation.confusion);
  io::save_model(o.out, model, card);
  if (!o.report.empty()) {
    record.title = concat(model.spec.name, " on ", o.folder);
    record.facts = train::environment(o.threads);
    record.facts.emplace_back("pictures", concat(training.size(), " to learn from"));
    record.facts.emplace_back("weights before", o.weights);
    record.configuration = concat("freeze ", o.freeze, '\n', train::configuration_text(options));
    record.stages = train::stage_records(options);
    record.summary = nn::summary(model, {1, height, width, channels});
    record.evaluation = result.evaluation;
    train::write_report(o.report, record, test);
  }
  std::printf("test accuracy %.2f %% (%lld/%lld); the network is in %s\n",
              100.0 * result.evaluation.accuracy(),
              static_cast<long long>(result.evaluation.confusion.correct()),
              static_cast<long long>(result.evaluation.confusion.total()), o.out.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options;
    if (parse(argc, argv, options)) run(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "finetune: %s\n", error.what());
    return 2;
  }
}
