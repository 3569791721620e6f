// Random changes that leave the meaning of an image alone: a warp, a rectangle erased, and the
// operations of RandAugment.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"
#include "rand_augment.hpp"
#include "warp.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// Draws a warp and perhaps a rectangle for each sample. Every field at its default does nothing.
struct Augmentation {
  double shift = 0.0;    // at most so many pixels of the source along each axis
  double rotate = 0.0;   // at most so many degrees either way
  double scale = 0.0;    // the factor is in [1 - scale, 1 + scale]
  double shear = 0.0;    // at most so many degrees either way
  double stretch = 0.0;  // width over height is in [1 / (1 + stretch), 1 + stretch]
  double elastic = 0.0;  // deviation of a smooth distortion, in pixels of the source
  double crop = 0.0;     // at most so much of the area is cut away, and the rest fills the image
  bool mirror = false;   // half of the images; not for digits
  double erase = 0.0;    // probability of a rectangle painted over
  double erase_area = 0.15;       // its largest fraction of the image
  std::uint8_t fill = 0;          // the pixel value of what was outside, and of the rectangle
  RandAugment rand_augment = {};  // before all the others

  bool warps() const {
    return shift != 0.0 || rotate != 0.0 || scale != 0.0 || shear != 0.0 || stretch != 0.0 ||
           elastic != 0.0 || crop != 0.0 || mirror;
  }
  bool active() const { return warps() || erase != 0.0 || rand_augment.active(); }

  void validate() const {
    EFFV2_CHECK(shift >= 0.0 && std::isfinite(shift), ErrorCode::invalid_argument,
                "[augment] expected a shift >= 0, got ", shift);
    EFFV2_CHECK(rotate >= 0.0 && rotate <= 180.0, ErrorCode::invalid_argument,
                "[augment] expected a rotation in [0, 180] degrees, got ", rotate);
    EFFV2_CHECK(scale >= 0.0 && scale < 1.0, ErrorCode::invalid_argument,
                "[augment] expected a scale in [0, 1), got ", scale);
    EFFV2_CHECK(shear >= 0.0 && shear < 90.0, ErrorCode::invalid_argument,
                "[augment] expected a shear in [0, 90) degrees, got ", shear);
    EFFV2_CHECK(stretch >= 0.0 && std::isfinite(stretch), ErrorCode::invalid_argument,
                "[augment] expected a stretch >= 0, got ", stretch);
    EFFV2_CHECK(elastic >= 0.0 && std::isfinite(elastic), ErrorCode::invalid_argument,
                "[augment] expected an elastic distortion >= 0, got ", elastic);
    EFFV2_CHECK(crop >= 0.0 && crop < 1.0, ErrorCode::invalid_argument,
                "[augment] expected a part to crop in [0, 1), got ", crop);
    rand_augment.validate();
    EFFV2_CHECK(erase >= 0.0 && erase <= 1.0, ErrorCode::invalid_argument,
                "[augment] expected a probability to erase in [0, 1], got ", erase);
    EFFV2_CHECK(erase_area > 0.0 && erase_area <= 1.0, ErrorCode::invalid_argument,
                "[augment] expected an area to erase in (0, 1], got ", erase_area);
  }

  /// Everything `strength` times as strong, for schedules; mirroring stays.
  Augmentation scaled_by(double strength) const {
    Augmentation scaled = *this;
    for (double* field :
         {&scaled.shift, &scaled.rotate, &scaled.scale, &scaled.shear, &scaled.stretch,
          &scaled.elastic, &scaled.crop, &scaled.rand_augment.magnitude}) {
      *field *= strength;
    }
    scaled.erase = std::min(1.0, erase * strength);
    scaled.validate();
    return scaled;
  }

  /// The warp of one sample, an image of height x width.
  Warp draw(std::int64_t height, std::int64_t width, const RandomStream& random,
            std::uint32_t sample) const {
    const auto symmetric = [&](std::uint32_t element) {
      return 2.0 * static_cast<double>(random.uniform(sample, element)) - 1.0;
    };
    Warp warp;
    warp.right = shift * symmetric(0);
    warp.down = shift * symmetric(1);
    warp.rotate = rotate * symmetric(2);
    warp.scale = 1.0 + scale * symmetric(3);
    warp.shear = shear * symmetric(4);
    warp.mirror = mirror && random.uniform(sample, 5) < 0.5F;
    warp.stretch = std::pow(1.0 + stretch, symmetric(6));
    if (crop != 0.0) crop_at_random(warp, height, width, random, sample);
    return warp;
  }

  /// The elements from which on a sample's numbers are those of its Displacement and of
  /// RandAugment.
  static constexpr std::uint32_t first_of_displacement = 32, first_of_rand_augment = 256;

 private:
  // A part of the image fills it: the content grows, and its centre moves by what is left to
  // choose.
  void crop_at_random(Warp& warp, std::int64_t height, std::int64_t width,
                      const RandomStream& random, std::uint32_t sample) const {
    const double area = 1.0 - crop * static_cast<double>(random.uniform(sample, 13));
    const double growth = 1.0 / std::sqrt(area);
    const auto offset = [&](std::int64_t size, std::uint32_t element) {
      return 0.5 * (growth - 1.0) * static_cast<double>(size) *
             (2.0 * static_cast<double>(random.uniform(sample, element)) - 1.0);
    };
    warp.scale *= growth;
    warp.right += offset(width, 14), warp.down += offset(height, 15);
  }
};

/// With probability `augmentation.erase` paints over a rectangle of 1 % ... `erase_area` of the
/// image (H, W, C) and of any proportions from 1:3 to 3:1 (Zhong et al., "Random erasing", 2017).
template <class T>
void erase_rectangle(View<T> image, const Augmentation& augmentation, const RandomStream& random,
                     std::uint32_t sample) {
  const auto uniform = [&](std::uint32_t element) {
    return static_cast<double>(random.uniform(sample, element));
  };
  if (uniform(8) >= augmentation.erase) return;
  const std::int64_t height = image.extent(0), width = image.extent(1);
  const std::int64_t channels = image.extent(2);
  const double smallest = std::min(0.01, augmentation.erase_area);
  const double area = (smallest + (augmentation.erase_area - smallest) * uniform(9)) *
                      static_cast<double>(height * width);
  const double proportion = std::pow(3.0, 2.0 * uniform(10) - 1.0);
  const auto bounded = [](double side, std::int64_t limit) {
    return std::clamp<std::int64_t>(std::llround(side), 1, limit);
  };
  const std::int64_t rows = bounded(std::sqrt(area * proportion), height);
  const std::int64_t columns = bounded(std::sqrt(area / proportion), width);
  const auto place = [&](std::int64_t room, std::uint32_t element) {
    return static_cast<std::int64_t>(static_cast<double>(room + 1) * uniform(element));
  };
  const std::int64_t top = place(height - rows, 11), left = place(width - columns, 12);
  for (std::int64_t y = top; y < top + rows; ++y) {
    std::fill_n(image.data() + (y * width + left) * channels, columns * channels,
                static_cast<T>(augmentation.fill));
  }
}

}  // namespace effv2::inline EFFV2_ISA::data
