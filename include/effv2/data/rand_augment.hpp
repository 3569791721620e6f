// RandAugment (Cubuk et al., 2019): a few operations drawn at random, all of one magnitude.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <numeric>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"
#include "warp.hpp"

namespace effv2::inline EFFV2_ISA::data {

enum class Operation : std::uint8_t {
  auto_contrast,
  equalize,
  invert,
  rotate,
  posterize,
  solarize,
  solarize_add,
  color,
  contrast,
  brightness,
  sharpness,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  cutout,
};

/// Which of them make sense where.
struct OperationInfo {
  std::string_view name;
  bool needs_color;  // does nothing to one channel
  bool for_digits;   // leaves light strokes on black what they are
};
inline constexpr std::array<OperationInfo, 16> operations{{{"auto_contrast", false, true},
                                                           {"equalize", false, false},
                                                           {"invert", false, false},
                                                           {"rotate", false, true},
                                                           {"posterize", false, true},
                                                           {"solarize", false, false},
                                                           {"solarize_add", false, false},
                                                           {"color", true, false},
                                                           {"contrast", false, true},
                                                           {"brightness", false, true},
                                                           {"sharpness", false, true},
                                                           {"shear_x", false, true},
                                                           {"shear_y", false, true},
                                                           {"translate_x", false, true},
                                                           {"translate_y", false, true},
                                                           {"cutout", false, true}}};
constexpr const OperationInfo& info_of(Operation operation) {
  return operations[static_cast<std::size_t>(operation)];
}

/// At magnitude m: rotation by 3 m degrees, shear .03 m, translation by m / 30 of the side, cutout
/// of half the side 4 m / 300, enhancements by a factor .18 m + .1, posterize to int(.4 m) bits,
/// solarize at int(25.6 m), solarize_add of int(11 m): the levels of the paper's code, with its
/// lengths for pictures of 300 pixels. Signs are drawn. Nothing if the magnitude is 0.
struct RandAugment {
  double magnitude = 0.0;
  int draws = 2;             // operations per image
  bool digits = false;       // only those that are for digits, and geometry a third as far
  double translation = 1.0;  // times what the paper says

  /// For light digits on black of 28 pixels: at magnitude 15 rotation by 15 degrees, shear .15 and
  /// translation by 2 pixels.
  static RandAugment for_digits(double magnitude) { return {magnitude, 2, true, 3.0 / 7.0}; }

  bool active() const { return magnitude > 0.0 && draws > 0; }
  void validate() const {
    EFFV2_CHECK(magnitude >= 0.0 && magnitude <= 30.0, ErrorCode::invalid_argument,
                "[rand_augment] expected a magnitude in [0, 30], got ", magnitude);
    EFFV2_CHECK(draws >= 0 && draws <= 16, ErrorCode::invalid_argument,
                "[rand_augment] expected 0 to 16 draws, got ", draws);
    EFFV2_CHECK(translation >= 0.0 && std::isfinite(translation), ErrorCode::invalid_argument,
                "[rand_augment] expected a translation >= 0, got ", translation);
  }

  bool allows(Operation operation, std::int64_t channels) const {
    const OperationInfo& info = info_of(operation);
    return (channels == 3 || !info.needs_color) && (!digits || info.for_digits);
  }
};

namespace detail {

// Every value of a channel looked up.
using Lookup = std::array<std::uint8_t, 256>;

template <class F>
Lookup lookup_of(F&& f) {
  Lookup table;
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = f(static_cast<int>(i));
  return table;
}

inline void look_up(View<std::uint8_t> image, std::int64_t channel, const Lookup& table) {
  for (std::int64_t i = channel; i < image.size(); i += image.extent(2)) image[i] = table[image[i]];
}

inline std::uint8_t byte_of(double value) { return to_pixel<std::uint8_t>(value); }

// degenerate + factor (image - degenerate)
inline std::uint8_t blend(double degenerate, double value, double factor) {
  return byte_of(degenerate + factor * (value - degenerate));
}

// Luminance of ITU-R 601 for three channels, the mean of any others.
inline double gray_of(const std::uint8_t* pixel, std::int64_t channels) {
  if (channels == 3) return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
  return std::accumulate(pixel, pixel + channels, 0.0) / static_cast<double>(channels);
}

inline void stretch_contrast(View<std::uint8_t> image, std::int64_t channel) {
  int low = 255, high = 0;
  for (std::int64_t i = channel; i < image.size(); i += image.extent(2)) {
    low = std::min<int>(low, image[i]), high = std::max<int>(high, image[i]);
  }
  if (high <= low) return;
  look_up(image, channel,
          lookup_of([=](int value) { return byte_of((value - low) * 255.0 / (high - low)); }));
}

// The histogram made flat, as PIL's ImageOps.equalize does.
inline void equalize(View<std::uint8_t> image, std::int64_t channel) {
  std::array<std::int64_t, 256> histogram{};
  for (std::int64_t i = channel; i < image.size(); i += image.extent(2)) ++histogram[image[i]];
  std::int64_t last = 0, sum = 0;
  for (const std::int64_t count : histogram) {
    sum += count;
    if (count > 0) last = count;
  }
  const std::int64_t step = (sum - last) / 255;
  if (step == 0) return;
  std::int64_t before = step / 2;
  look_up(image, channel, lookup_of([&](int value) {
            const std::int64_t mapped = std::min<std::int64_t>(255, before / step);
            before += histogram[static_cast<std::size_t>(value)];
            return static_cast<std::uint8_t>(mapped);
          }));
}

// Away from, or towards, the mean of a pixel's neighbours; the border stays.
inline void sharpen(View<std::uint8_t> image, std::vector<std::uint8_t>& copy, double factor) {
  copy.assign(image.begin(), image.end());
  const std::int64_t height = image.extent(0), channels = image.extent(2);
  const std::int64_t row = image.extent(1) * channels;
  for (std::int64_t y = 1; y + 1 < height; ++y) {
    for (std::int64_t i = channels; i + channels < row; ++i) {
      const std::uint8_t* centre = copy.data() + y * row + i;
      int sum = 4 * *centre;
      for (const std::int64_t down : {-row, std::int64_t{0}, row}) {
        for (const std::int64_t right : {-channels, std::int64_t{0}, channels}) {
          sum += centre[down + right];
        }
      }
      image[y * row + i] = blend(sum / 13.0, *centre, factor);
    }
  }
}

// A square of `fill` about a random pixel, of which a part may be outside.
inline void cut_out(View<std::uint8_t> image, std::int64_t half, std::int64_t y, std::int64_t x,
                    std::uint8_t fill) {
  const std::int64_t width = image.extent(1), channels = image.extent(2);
  const std::int64_t left = std::max<std::int64_t>(0, x - half), right = std::min(width, x + half);
  for (std::int64_t row = std::max<std::int64_t>(0, y - half);
       row < std::min(image.extent(0), y + half); ++row) {
    if (left < right) {
      std::fill_n(image.data() + (row * width + left) * channels, (right - left) * channels, fill);
    }
  }
}

}  // namespace detail

/// One operation on an image (H, W, C), in place. `sign` is 1 or -1; `place`, two numbers in [0,
/// 1), is where a cutout is. `copy` is memory to be used again.
inline void apply_operation(Operation operation, const RandAugment& options,
                            View<std::uint8_t> image, double sign,
                            const std::array<double, 2>& place, std::uint8_t fill,
                            std::vector<std::uint8_t>& copy) {
  const double m = options.magnitude, factor = 0.18 * m + 0.1;
  const double geometry = options.digits ? 1.0 / 3.0 : 1.0;
  const std::int64_t height = image.extent(0), width = image.extent(1);
  const std::int64_t channels = image.extent(2);
  const auto for_each_value = [&](auto&& f) {
    for (std::int64_t c = 0; c < channels; ++c) detail::look_up(image, c, detail::lookup_of(f));
  };
  const auto warped = [&](const Warp& warp) {
    copy.assign(image.begin(), image.end());
    const View<const std::uint8_t> source(copy.data(), image.shape());
    warp_into<std::uint8_t, std::uint8_t>(warp, image, source, fill);
  };
  // The content leans by `shear` of its height, or of its width.
  const double lean = std::atan(0.03 * m * geometry) * 180.0 / std::numbers::pi;
  const auto moved = [&](std::int64_t side) {
    return sign * m / 30.0 * geometry * options.translation * static_cast<double>(side);
  };
  switch (operation) {
    case Operation::auto_contrast:
      for (std::int64_t c = 0; c < channels; ++c) detail::stretch_contrast(image, c);
      return;
    case Operation::equalize:
      for (std::int64_t c = 0; c < channels; ++c) detail::equalize(image, c);
      return;
    case Operation::invert:
      return for_each_value([](int value) { return static_cast<std::uint8_t>(255 - value); });
    case Operation::posterize: {
      const int dropped = 8 - std::clamp(static_cast<int>(0.4 * m), 1, 8);
      return for_each_value(
          [=](int value) { return static_cast<std::uint8_t>(value >> dropped << dropped); });
    }
    case Operation::solarize: {
      const int threshold = static_cast<int>(25.6 * m);
      return for_each_value([=](int value) {
        return static_cast<std::uint8_t>(value < threshold ? value : 255 - value);
      });
    }
    case Operation::solarize_add: {
      const int addition = static_cast<int>(11.0 * m);
      return for_each_value([=](int value) {
        return static_cast<std::uint8_t>(value < 128 ? std::min(255, value + addition) : value);
      });
    }
    case Operation::brightness:
      return for_each_value([=](int value) { return detail::blend(0.0, value, factor); });
    case Operation::contrast: {
      double sum = 0.0;
      for (std::int64_t i = 0; i < image.size(); i += channels) {
        sum += detail::gray_of(image.data() + i, channels);
      }
      const double mean = sum / static_cast<double>(height * width);
      return for_each_value([=](int value) { return detail::blend(mean, value, factor); });
    }
    case Operation::color:
      for (std::int64_t i = 0; i < image.size(); i += channels) {
        const double gray = detail::gray_of(image.data() + i, channels);
        for (std::int64_t c = 0; c < channels; ++c) {
          image[i + c] = detail::blend(gray, image[i + c], factor);
        }
      }
      return;
    case Operation::sharpness:
      return detail::sharpen(image, copy, factor);
    case Operation::rotate:
      return warped({.rotate = sign * 3.0 * m * geometry});
    case Operation::shear_x:
      return warped({.shear = sign * lean});
    case Operation::shear_y:
      return warped({.shear_down = sign * lean});
    case Operation::translate_x:
      return warped({.right = moved(width)});
    case Operation::translate_y:
      return warped({.down = moved(height)});
    case Operation::cutout: {
      const auto size = static_cast<double>(std::min(height, width));
      const auto at = [](double part, std::int64_t side) {
        return static_cast<std::int64_t>(part * static_cast<double>(side));
      };
      const auto half = static_cast<std::int64_t>(std::lround(4.0 * m / 300.0 * size));
      return detail::cut_out(image, half, at(place[0], height), at(place[1], width), fill);
    }
  }
}

/// The operations that `random` draws for a sample, one after the other, in place. Its elements
/// from `first` on are used, four per draw.
inline void rand_augment(View<std::uint8_t> image, const RandAugment& options, std::uint8_t fill,
                         const RandomStream& random, std::uint32_t sample, std::uint32_t first,
                         std::vector<std::uint8_t>& copy) {
  std::array<Operation, operations.size()> allowed;
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto operation = static_cast<Operation>(i);
    if (options.allows(operation, image.extent(2))) allowed[count++] = operation;
  }
  for (int draw = 0; draw < options.draws; ++draw, first += 4) {
    const auto uniform = [&](std::uint32_t element) {
      return static_cast<double>(random.uniform(sample, first + element));
    };
    const Operation operation = allowed[random.below(count, sample, first)];
    apply_operation(operation, options, image, uniform(1) < 0.5 ? -1.0 : 1.0,
                    {uniform(2), uniform(3)}, fill, copy);
  }
}

}  // namespace effv2::inline EFFV2_ISA::data
