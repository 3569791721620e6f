// Trains a classifier on a folder of pictures, one folder per class, and reads them with stb_image:
//
//   picture_folder FOLDER [PIXELS] [EPOCHS] [REPORT.html]
//
// FOLDER/apple/1.png, FOLDER/apple/2.jpg, FOLDER/pear/... A fifth of every class is kept for the
// test. Pictures are resized to PIXELS x PIXELS (64 by default). The report is a page about the
// run.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <effv2/train/report.hpp>
#include <exception>
#include <string>

#include "decode_picture.hpp"

using namespace effv2;

namespace {

constexpr int channels = 3;  // what stb makes of any picture

Tensor<std::uint8_t> decode(const std::string& path) { return decode_picture(path, channels); }

void run(const std::string& folder, std::int64_t pixels, std::int64_t epochs,
         const std::string& report) {
  const auto [training, test] =
      data::load_image_folder(folder, pixels, pixels, decode).stratified_split(0.2);
  std::printf("%lld pictures to learn from and %lld to test, of %lld classes\n",
              static_cast<long long>(training.size()), static_cast<long long>(test.size()),
              static_cast<long long>(training.classes));
  auto model = models::efficientnet<float>(
      "tiny", {.in_channels = channels, .classes = training.classes, .drop_path = 0.1},
      /*seed=*/1);
  train::FitOptions options{.epochs = epochs,
                            .batch_size = std::min<std::int64_t>(32, training.size())};
  options.data.augmentation = {.shift = 2.0, .rotate = 10.0, .scale = 0.1};
  train::RunRecord record;
  train::Callbacks callbacks = record.callbacks();
  callbacks.on_epoch = [&record](const train::EpochReport& r) {
    record.note(r);
    std::printf("epoch %lld  loss %.4f  test accuracy %.2f %%\n",
                static_cast<long long>(r.epoch + 1), r.loss, 100.0 * r.evaluation->accuracy());
  };
  const train::FitResult result = train::fit(model, training, test, options, callbacks);
  for (std::int64_t c = 0; c < test.classes; ++c) {
    std::printf("%-20s recall %.2f %%\n", test.class_names[static_cast<std::size_t>(c)].c_str(),
                100.0 * result.evaluation.confusion.recall(c));
  }
  if (report.empty()) return;
  record.title = folder;
  record.facts = train::environment(options.threads);
  record.configuration = train::configuration_text(options);
  record.stages = train::stage_records(options);
  record.summary = nn::summary(model, {1, pixels, pixels, channels});
  record.evaluation = result.evaluation;
  train::write_report(report, record, test);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 5) {
    std::fprintf(stderr, "usage: picture_folder FOLDER [PIXELS] [EPOCHS] [REPORT.html]\n");
    return 2;
  }
  try {
    run(argv[1], argc > 2 ? std::stoll(argv[2]) : 64, argc > 3 ? std::stoll(argv[3]) : 20,
        argc > 4 ? argv[4] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "picture_folder: %s\n", error.what());
    return 2;
  }
}
