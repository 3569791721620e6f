// Random changes that leave the meaning of an image alone: one affine warp, and a rectangle erased.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <type_traits>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "resize.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// One affine change of an image's content about its centre, in this order: mirrored, scaled,
/// sheared along the rows, rotated counter-clockwise, moved. The identity unless filled in.
struct Warp {
  double right = 0.0, down = 0.0;  // pixels of the source
  double rotate = 0.0;             // degrees
  double scale = 1.0;              // above 1 the content grows
  double shear = 0.0;              // degrees
  bool mirror = false;             // left and right change sides
};

/// Draws a warp and perhaps a rectangle for each sample. Every field at its default does nothing.
struct Augmentation {
  double shift = 0.0;        // at most so many pixels of the source along each axis
  double rotate = 0.0;       // at most so many degrees either way
  double scale = 0.0;        // the factor is in [1 - scale, 1 + scale]
  double shear = 0.0;        // at most so many degrees either way
  bool mirror = false;       // half of the images; not for digits
  double erase = 0.0;        // probability of a rectangle painted over
  double erase_area = 0.15;  // its largest fraction of the image
  std::uint8_t fill = 0;     // the pixel value of what was outside, and of the rectangle

  bool warps() const {
    return shift != 0.0 || rotate != 0.0 || scale != 0.0 || shear != 0.0 || mirror;
  }
  bool active() const { return warps() || erase != 0.0; }

  void validate() const {
    EFFV2_CHECK(shift >= 0.0 && std::isfinite(shift), ErrorCode::invalid_argument,
                "[augment] expected a shift >= 0, got ", shift);
    EFFV2_CHECK(rotate >= 0.0 && rotate <= 180.0, ErrorCode::invalid_argument,
                "[augment] expected a rotation in [0, 180] degrees, got ", rotate);
    EFFV2_CHECK(scale >= 0.0 && scale < 1.0, ErrorCode::invalid_argument,
                "[augment] expected a scale in [0, 1), got ", scale);
    EFFV2_CHECK(shear >= 0.0 && shear < 90.0, ErrorCode::invalid_argument,
                "[augment] expected a shear in [0, 90) degrees, got ", shear);
    EFFV2_CHECK(erase >= 0.0 && erase <= 1.0, ErrorCode::invalid_argument,
                "[augment] expected a probability to erase in [0, 1], got ", erase);
    EFFV2_CHECK(erase_area > 0.0 && erase_area <= 1.0, ErrorCode::invalid_argument,
                "[augment] expected an area to erase in (0, 1], got ", erase_area);
  }

  /// Everything `strength` times as strong, for schedules; mirroring stays.
  Augmentation scaled_by(double strength) const {
    Augmentation scaled = *this;
    for (double* field : {&scaled.shift, &scaled.rotate, &scaled.scale, &scaled.shear}) {
      *field *= strength;
    }
    scaled.erase = std::min(1.0, erase * strength);
    scaled.validate();
    return scaled;
  }

  /// The warp of one sample.
  Warp draw(const RandomStream& random, std::uint32_t sample) const {
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
    return warp;
  }
};

namespace detail {

// Source column = xx x + xy y + x0 for target column x and row y; the row likewise.
struct AffineMap {
  double xx, xy, x0, yx, yy, y0;
};

struct SinCos {
  double sine, cosine;
};

// Exact for quarter turns, so that they move pixels without any interpolation.
inline SinCos sin_cos_degrees(double degrees) {
  const double quarters = std::round(degrees / 90.0);
  const double rest = (degrees - 90.0 * quarters) * (std::numbers::pi / 180.0);
  const double s = std::sin(rest), c = std::cos(rest);
  switch (static_cast<int>(std::fmod(quarters, 4.0) + 4.0) % 4) {
    case 0:
      return {s, c};
    case 1:
      return {c, -s};
    case 2:
      return {-s, -c};
    default:
      return {-c, s};
  }
}

// Content at q from the centre goes to p = R H S M q + t (rotation, shear, scale, mirroring,
// shift), so target pixel p shows the source at q = M S^-1 H^-1 R^-1 (p - t). When the target has
// another size, p is stretched to the source's size first.
inline AffineMap inverse_map(const Warp& warp, const Shape& target, const Shape& source) {
  const auto [sine, cosine] = sin_cos_degrees(warp.rotate);
  const double shear = std::tan(warp.shear * (std::numbers::pi / 180.0));
  const double row = (warp.mirror ? -1.0 : 1.0) / warp.scale, column = 1.0 / warp.scale;
  // The rows point down: a counter-clockwise turn takes (x, y) to (c x + s y, c y - s x).
  const double xx = row * (cosine - shear * sine), xy = row * (-sine - shear * cosine);
  const double yx = column * sine, yy = column * cosine;

  const double height = static_cast<double>(source[0]), width = static_cast<double>(source[1]);
  const double target_height = static_cast<double>(target[0]);
  const double target_width = static_cast<double>(target[1]);
  const double stretch_x = width / target_width, stretch_y = height / target_height;
  const double left = stretch_x * (target_width - 1.0) / 2.0 + warp.right;
  const double top = stretch_y * (target_height - 1.0) / 2.0 + warp.down;
  return {xx * stretch_x, xy * stretch_y, (width - 1.0) / 2.0 - xx * left - xy * top,
          yx * stretch_x, yy * stretch_y, (height - 1.0) / 2.0 - yx * left - yy * top};
}

// Bilinear between the four pixels about (x, y). The outer half of a border pixel has its value.
// `channels` may be a constant, which is faster.
template <class Target, class Source, class Channels>
void warp_pixels(const AffineMap& map, const View<Target>& target, const View<const Source>& source,
                 Channels channels, Target fill) {
  using Value = Precise<Target>;
  const std::int64_t height = target.extent(0), width = target.extent(1);
  const std::int64_t last_y = source.extent(0) - 1, last_x = source.extent(1) - 1;
  const std::int64_t source_row = source.extent(1) * channels;
  const auto y_limit = static_cast<double>(last_y), x_limit = static_cast<double>(last_x);
  const Source* const first = source.data();
  Target* pixel = target.data();
  for (std::int64_t row = 0; row < height; ++row) {
    const double x_row = map.xy * static_cast<double>(row) + map.x0;
    const double y_row = map.yy * static_cast<double>(row) + map.y0;
    for (std::int64_t column = 0; column < width; ++column, pixel += channels) {
      const double x = map.xx * static_cast<double>(column) + x_row;
      const double y = map.yx * static_cast<double>(column) + y_row;
      if (!(x >= -0.5 && x <= x_limit + 0.5 && y >= -0.5 && y <= y_limit + 0.5)) {
        std::fill_n(pixel, std::int64_t{channels}, fill);
        continue;
      }
      const double inner_x = std::clamp(x, 0.0, x_limit), inner_y = std::clamp(y, 0.0, y_limit);
      const auto left = static_cast<std::int64_t>(inner_x),
                 top = static_cast<std::int64_t>(inner_y);
      const auto right_weight = static_cast<Value>(inner_x - static_cast<double>(left));
      const auto lower_weight = static_cast<Value>(inner_y - static_cast<double>(top));
      const Source* upper = first + top * source_row + left * channels;
      const Source* lower = top < last_y ? upper + source_row : upper;
      const std::int64_t right = left < last_x ? std::int64_t{channels} : 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto a = static_cast<Value>(upper[c]), b = static_cast<Value>(upper[c + right]);
        const auto d = static_cast<Value>(lower[c]), e = static_cast<Value>(lower[c + right]);
        const Value above = a + right_weight * (b - a), below = d + right_weight * (e - d);
        pixel[c] = to_pixel<Target>(above + lower_weight * (below - above));
      }
    }
  }
}

}  // namespace detail

/// target (H', W', C) shows source (H, W, C) resized and warped, in one bilinear interpolation;
/// `fill` where nothing of the source is. The target may be larger, but where it is smaller than
/// half the source, resize first: pixels in between are not looked at.
template <class Target, class Source>
void warp_into(const Warp& warp, View<Target> target, View<const Source> source, Target fill) {
  const detail::AffineMap map = detail::inverse_map(warp, target.shape(), source.shape());
  const std::int64_t channels = target.extent(2);
  assert(channels == source.extent(2));
  if (channels == 1) {
    constexpr std::integral_constant<std::int64_t, 1> one;
    detail::warp_pixels(map, target, source, one, fill);
  } else {
    detail::warp_pixels(map, target, source, channels, fill);
  }
}

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

/// Images (H, W, C) or (N, H, W, C) all changed in the same way.
template <class T>
Tensor<T> warp(const Tensor<T>& images, const Warp& parameters, T fill = T{}) {
  EFFV2_CHECK(parameters.scale > 0.0, ErrorCode::invalid_argument,
              "[warp] expected a scale > 0, got ", parameters.scale);
  const detail::ImageExtents extents(images.shape());
  Tensor<T> result = Tensor<T>::uninitialized(images.shape());
  for (std::int64_t n = 0; n < extents.count; ++n) {
    warp_into<T, T>(parameters, detail::image_of(result.view(), extents, n),
                    detail::image_of(images.view(), extents, n), fill);
  }
  return result;
}

/// The content moved to the right and down.
template <class T>
Tensor<T> shift(const Tensor<T>& images, double right, double down, T fill = T{}) {
  return warp(images, {.right = right, .down = down}, fill);
}

/// The content turned counter-clockwise about the centre.
template <class T>
Tensor<T> rotate(const Tensor<T>& images, double degrees, T fill = T{}) {
  return warp(images, {.rotate = degrees}, fill);
}

}  // namespace effv2::inline EFFV2_ISA::data
