// Asks a trained network what is in pictures:
//
//   predict MODEL.safetensors PICTURE...
//
// The model is a file that mnist_train --out left, or io::save_model; everything else is in it. For
// a network of grey 28 x 28 digits the picture may be of any size, dark on light or light on dark:
// the digit is found, scaled and centred as MNIST's are.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <effv2/effv2.hpp>
#include <exception>
#include <numeric>
#include <string>
#include <vector>

#include "decode_picture.hpp"

using namespace effv2;

namespace {

constexpr std::int64_t digit_size = 28, digit_box = 20, top = 3;

// Light strokes on black: what is in the border of the picture is the background.
Tensor<float> light_on_dark(const Tensor<std::uint8_t>& picture) {
  const std::int64_t height = picture.extent(0), width = picture.extent(1);
  std::vector<std::uint8_t> border;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const bool inside = y > 0 && x > 0 && y + 1 < height && x + 1 < width;
      if (!inside) border.push_back(picture(y, x, 0));
    }
  }
  std::nth_element(border.begin(), border.begin() + static_cast<std::ptrdiff_t>(border.size() / 2),
                   border.end());
  const float background = border[border.size() / 2];
  Tensor<float> ink(picture.shape());
  float most = 1.0F;
  for (std::int64_t i = 0; i < ink.size(); ++i) {
    ink[i] = std::abs(static_cast<float>(picture[i]) - background);
    most = std::max(most, ink[i]);
  }
  for (float& value : ink) {
    value *= 255.0F / most;
    if (value < 40.0F) value = 0.0F;  // paper is not even
  }
  return ink;
}

// As MNIST was made: the digit fills a box of 20 x 20, and its centre of mass is the middle of 28 x
// 28 pixels.
Tensor<std::uint8_t> centred_digit(const Tensor<std::uint8_t>& picture) {
  const Tensor<float> ink = light_on_dark(picture);
  std::int64_t first_y = ink.extent(0), last_y = -1, first_x = ink.extent(1), last_x = -1;
  for (std::int64_t y = 0; y < ink.extent(0); ++y) {
    for (std::int64_t x = 0; x < ink.extent(1); ++x) {
      if (ink(y, x, 0) == 0.0F) continue;
      first_y = std::min(first_y, y), last_y = std::max(last_y, y);
      first_x = std::min(first_x, x), last_x = std::max(last_x, x);
    }
  }
  Tensor<std::uint8_t> result({digit_size, digit_size, 1});
  if (last_y < 0) return result;
  const std::int64_t height = last_y - first_y + 1, width = last_x - first_x + 1;
  const double scale =
      static_cast<double>(digit_box) / static_cast<double>(std::max(height, width));
  const auto scaled = [&](std::int64_t length) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(length) * scale));
  };
  const Tensor<float> digit =
      data::resize(data::crop(ink, first_y, first_x, height, width), scaled(height), scaled(width));
  double mass = 0.0, mass_y = 0.0, mass_x = 0.0;
  for (std::int64_t y = 0; y < digit.extent(0); ++y) {
    for (std::int64_t x = 0; x < digit.extent(1); ++x) {
      const double m = static_cast<double>(digit(y, x, 0));
      mass += m, mass_y += m * static_cast<double>(y), mass_x += m * static_cast<double>(x);
    }
  }
  const std::int64_t down = digit_size / 2 - std::llround(mass_y / mass);
  const std::int64_t right = digit_size / 2 - std::llround(mass_x / mass);
  const Tensor<float> placed = data::window(digit, -down, -right, digit_size, digit_size);
  for (std::int64_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<std::uint8_t>(std::clamp(placed[i], 0.0F, 255.0F));
  }
  return result;
}

void predict(const io::LoadedModel<float>& loaded, const std::string& path,
             nn::Context<float>& context) {
  const auto& [model, card] = loaded;
  const auto channels = static_cast<int>(model.options.in_channels);
  EFFV2_CHECK(channels == 1 || channels == 3, ErrorCode::unsupported,
              "[predict] the network wants ", channels, " channels, pictures have 1 or 3");
  Tensor<std::uint8_t> picture = decode_picture(path, channels);
  const bool is_digit = channels == 1 && card.image_size == digit_size;
  if (is_digit) {
    picture = centred_digit(picture);
  } else if (card.image_size > 0) {
    picture = data::resize(picture, card.image_size, card.image_size);
  }
  Tensor<float> x(picture.shape());
  const data::Normalizer<float> normalize(card.mean, card.deviation, channels);
  normalize(x, picture);
  x.reshape({1, picture.extent(0), picture.extent(1), picture.extent(2)});

  Tensor<float> logits = model.infer(x, context), probabilities(logits.shape());
  kernels::softmax<float>(probabilities, logits);
  std::vector<std::int64_t> order(static_cast<std::size_t>(probabilities.size()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::int64_t a, std::int64_t b) { return probabilities[a] > probabilities[b]; });
  std::printf("%s:", path.c_str());
  for (std::int64_t i = 0; i < std::min<std::int64_t>(top, probabilities.size()); ++i) {
    const std::int64_t answer = order[static_cast<std::size_t>(i)];
    const std::string name = card.class_names.empty()
                                 ? std::to_string(answer)
                                 : card.class_names[static_cast<std::size_t>(answer)];
    std::printf("%s %s %.1f %%", i > 0 ? "," : "", name.c_str(),
                100.0 * static_cast<double>(probabilities[answer]));
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: predict MODEL.safetensors PICTURE...\n");
    return 2;
  }
  try {
    const auto loaded = io::load_model<float>(argv[1]);
    nn::Context<float> context;
    for (int i = 2; i < argc; ++i) predict(loaded, argv[i], context);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "predict: %s\n", error.what());
    return 2;
  }
}
