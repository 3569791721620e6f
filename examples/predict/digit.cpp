#include "digit.hpp"

#include <algorithm>
#include <cmath>
#include <effv2/data/resize.hpp>
#include <vector>

using namespace effv2;

namespace {

constexpr std::int64_t digit_box = 20;

// The median of the picture's border.
std::uint8_t background_of(const Tensor<std::uint8_t>& picture) {
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
  return border[border.size() / 2];
}

// Light strokes on black.
Tensor<float> light_on_dark(const Tensor<std::uint8_t>& picture) {
  const float background = background_of(picture);
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

}  // namespace

bool is_light_on_dark(const Tensor<std::uint8_t>& picture) {
  const auto [darkest, lightest] = std::minmax_element(picture.begin(), picture.end());
  const int background = background_of(picture);
  return background - *darkest <= *lightest - background;
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
