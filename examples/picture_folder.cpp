// Trains a classifier on a folder of pictures, one folder per class, and reads them with stb_image:
//
//   picture_folder FOLDER OUT.safetensors [PIXELS] [EPOCHS]
//
// FOLDER/apple/1.png, FOLDER/apple/2.jpg, FOLDER/pear/... A fifth of every class is kept for the
// test. Pictures are resized to PIXELS x PIXELS (64 by default). The network says what it is:
// predict --model OUT.safetensors reads it. (finetune does more: it begins with a trained network.)
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <exception>
#include <string>
#include <utility>

#include "class_recalls.hpp"
#include "decode_picture.hpp"
#include "whole_number.hpp"

using namespace effv2;

namespace {

constexpr int channels = 3;  // what stb makes of any picture

Tensor<std::uint8_t> decode(const std::string& path) { return decode_picture(path, channels); }

void run(const std::string& folder, const std::string& out, std::int64_t pixels,
         std::int64_t epochs) {
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
  data::ChannelStatistics statistics = data::channel_statistics(training.images);
  options.data.mean = std::move(statistics.mean);
  options.data.deviation = std::move(statistics.deviation);
  options.data.augmentation = {.shift = 2.0, .rotate = 10.0, .scale = 0.1};
  AtomicFile{out};  // whether it can be written is found out before there is something to lose
  train::Callbacks callbacks;
  callbacks.on_epoch = [](const train::EpochReport& r) {
    std::printf("epoch %lld  loss %.4f  test accuracy %.2f %%\n",
                static_cast<long long>(r.epoch + 1), r.loss, 100.0 * r.evaluation->accuracy());
  };
  const train::FitResult result = train::fit(model, training, test, options, callbacks);
  print_class_recalls(test, result.evaluation.confusion);
  io::save_model(out, model, train::model_card(options, training));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: picture_folder FOLDER OUT.safetensors [PIXELS] [EPOCHS]\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argc > 3 ? whole_number(argv[3], "pixels", 1, 4096) : 64,
        argc > 4 ? whole_number(argv[4], "epochs", 1, 100000) : 20);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "picture_folder: %s\n", error.what());
    return 2;
  }
}
