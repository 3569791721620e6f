// Images moved, turned, stretched and distorted, in one bilinear interpolation.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <type_traits>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/picture_size.hpp"
#include "../core/random.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"
#include "resize.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// One affine change of an image's content about its centre, in this order: mirrored, scaled and
/// stretched, sheared, rotated counter-clockwise, moved. The identity unless filled
/// in.
struct Warp {
  double right = 0.0, down = 0.0;  // pixels of the picture
  double rotate = 0.0;             // degrees
  double scale = 1.0;              // above 1 the content grows
  double stretch = 1.0;            // its width over its height, times what it was
  double shear = 0.0;              // degrees, along the rows
  double shear_down = 0.0;         // degrees, along the columns, before the other
  bool mirror = false;             // left and right change sides
};

/// How far each pixel of an image looks to the right of and below of where it would: smooth random
/// distortion, "elastic" in Simard et al., "Best practices for convolutional neural networks",
/// 2003.
///
/// Instead of smoothed noise it is a cubic B-spline through normal numbers on a grid of
/// `cells` x `cells` over the image: as smooth, and a tenth of the work.
class Displacement {
 public:
  static constexpr std::int64_t cells = 4, knots = cells + 3;

  /// Of `strength` pixels (their standard deviation) for pictures of height x width. The numbers
  /// are the elements from `first` on of a sample.
  void draw(double strength, std::int64_t height, std::int64_t width, const RandomStream& random,
            std::uint32_t sample, std::uint32_t first) {
    size_ = {height, width};
    // The squares of a cubic B-spline's four weights sum up to 151 / 315 on average, along each
    // axis.
    const double amplitude = strength * 315.0 / 151.0;
    std::array<double, 2 * knots * knots> grid;
    for (std::size_t i = 0; i < grid.size(); ++i) {
      grid[i] = amplitude * random.normal(sample, first + static_cast<std::uint32_t>(i));
    }
    across_.resize(static_cast<std::size_t>(width));
    for (std::int64_t x = 0; x < width; ++x) across_[static_cast<std::size_t>(x)] = place(x, width);
    pixels_.resize(static_cast<std::size_t>(height * width));
    for (std::int64_t y = 0; y < height; ++y) draw_row(y, place(y, height), grid);
  }

  /// Of the pictures it was drawn for.
  PictureSize size() const { return size_; }

  /// {to the right, down} of a pixel.
  const std::array<double, 2>& at(std::int64_t row, std::int64_t column) const {
    return pixels_[static_cast<std::size_t>(row * size_.width + column)];
  }

 private:
  // Four neighbouring knots and their weights.
  struct Place {
    std::size_t knot;
    std::array<double, 4> weights;
  };

  static Place place(std::int64_t position, std::int64_t count) {
    const double at = (static_cast<double>(position) + 0.5) * static_cast<double>(cells) /
                      static_cast<double>(count);
    const double cell = std::min(std::floor(at), static_cast<double>(cells - 1));
    const double t = at - cell, u = 1.0 - t;
    return {static_cast<std::size_t>(cell),
            {u * u * u / 6.0, (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
             (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0, t * t * t / 6.0}};
  }

  void draw_row(std::int64_t y, const Place& down,
                const std::array<double, 2 * knots * knots>& grid) {
    std::array<double, 2 * knots> row{};
    for (std::size_t i = 0; i < row.size(); ++i) {
      for (std::size_t k = 0; k < 4; ++k)
        row[i] += down.weights[k] * grid[(down.knot + k) * row.size() + i];
    }
    std::array<double, 2>* pixel = pixels_.data() + y * size_.width;
    for (const Place& place : across_) {
      std::array<double, 2> sum{};
      for (std::size_t k = 0; k < 4; ++k) {
        for (std::size_t axis = 0; axis < 2; ++axis)
          sum[axis] += place.weights[k] * row[2 * (place.knot + k) + axis];
      }
      *pixel++ = sum;
    }
  }

  PictureSize size_;
  std::vector<Place> across_;
  std::vector<std::array<double, 2>> pixels_;
};

namespace detail {

// Source column = xx x + xy y + x0 for target column x and row y; the row likewise.
struct AffineMap {
  double xx, xy, x0, yx, yy, y0;
};

// Pixels of the source to one of the picture that it is a resized version of: {across, down}.
inline std::array<double, 2> source_scale(PictureSize picture, const Shape& source) {
  return {static_cast<double>(source[1]) / static_cast<double>(picture.width),
          static_cast<double>(source[0]) / static_cast<double>(picture.height)};
}

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

// Content at q from the centre goes to p = R H V S M q + t (rotation, shears, scale, mirroring,
// shift), so target pixel p shows the picture at q = M S^-1 V^-1 H^-1 R^-1 (p - t), all in the
// picture's pixels: p is stretched to its size first, and q at last to that of the source.
inline AffineMap inverse_map(const Warp& warp, const Shape& target, PictureSize picture,
                             const Shape& source) {
  const auto [sine, cosine] = sin_cos_degrees(warp.rotate);
  constexpr double degree = std::numbers::pi / 180.0;
  const double shear = std::tan(warp.shear * degree), down = std::tan(warp.shear_down * degree);
  const double width_factor = warp.scale * std::sqrt(warp.stretch);
  const double row = (warp.mirror ? -1.0 : 1.0) / width_factor;
  const double column = warp.stretch / width_factor;
  // The rows point down: a counter-clockwise turn takes (x, y) to (c x + s y, c y - s x).
  const double ux = cosine - shear * sine, uy = -sine - shear * cosine;  // H^-1 R^-1, its x
  const double xx = row * ux, xy = row * uy;
  const double yx = column * (sine - down * ux), yy = column * (cosine - down * uy);

  const double height = static_cast<double>(picture.height);
  const double width = static_cast<double>(picture.width);
  const double target_height = static_cast<double>(target[0]);
  const double target_width = static_cast<double>(target[1]);
  const double stretch_x = width / target_width, stretch_y = height / target_height;
  const double left = stretch_x * (target_width - 1.0) / 2.0 + warp.right;
  const double top = stretch_y * (target_height - 1.0) / 2.0 + warp.down;
  const double x0 = (width - 1.0) / 2.0 - xx * left - xy * top;
  const double y0 = (height - 1.0) / 2.0 - yx * left - yy * top;
  // Pixel centres: x becomes (x + 1/2) f - 1/2.
  const auto [fx, fy] = source_scale(picture, source);
  return {fx * (xx * stretch_x), fx * (xy * stretch_y), fx * x0 + 0.5 * (fx - 1.0),
          fy * (yx * stretch_x), fy * (yy * stretch_y), fy * y0 + 0.5 * (fy - 1.0)};
}

// Bilinear between the four pixels about (x, y). The outer half of a border pixel has its value.
// `channels` may be a constant, which is faster.
template <class Target, class Source, class Channels>
void warp_pixels(const AffineMap& map, const View<Target>& target, const View<const Source>& source,
                 Channels channels, Target fill, const Displacement* displacement,
                 const std::array<double, 2>& displacement_scale) {
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
      double x = map.xx * static_cast<double>(column) + x_row;
      double y = map.yx * static_cast<double>(column) + y_row;
      if (displacement != nullptr) {
        const auto& [right, down] = displacement->at(row, column);
        x += displacement_scale[0] * right, y += displacement_scale[1] * down;
      }
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
      const std::int64_t next = left < last_x ? std::int64_t{channels} : 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto a = static_cast<Value>(upper[c]), b = static_cast<Value>(upper[c + next]);
        const auto d = static_cast<Value>(lower[c]), e = static_cast<Value>(lower[c + next]);
        const Value above = a + right_weight * (b - a), below = d + right_weight * (e - d);
        pixel[c] = to_pixel<Target>(above + lower_weight * (below - above));
      }
    }
  }
}

}  // namespace detail

/// target (H', W', C) shows source (H, W, C) resized and warped, in one bilinear interpolation;
/// `fill` where nothing of the source is. The target may be larger, but where it is smaller than
/// half the source, resize first: pixels in between are not looked at. The source of a resized
/// picture goes with the size that `picture` had before: that is the frame in which it is turned,
/// and whose pixels the warp counts in. `displacement`, if there is one, is of the target's size
/// and counts in the same pixels.
template <class Target, class Source>
void warp_into(const Warp& warp, View<Target> target, View<const Source> source, Target fill,
               const Displacement* displacement = nullptr, PictureSize picture = {}) {
  EFFV2_CHECK(source.shape().rank() == 3 && target.shape().rank() == 3 &&
                  source.extent(2) == target.extent(2),
              ErrorCode::shape_mismatch,
              "[warp] expected pictures (H, W, C) of the same channels, got ", source.shape(),
              " and ", target.shape());
  EFFV2_CHECK(displacement == nullptr ||
                  displacement->size() == PictureSize(target.extent(0), target.extent(1)),
              ErrorCode::shape_mismatch, "[warp] expected a displacement of the target's size ",
              target.shape(), ", got one of ",
              displacement == nullptr ? PictureSize() : displacement->size());
  picture = picture.value_or({source.extent(0), source.extent(1)});
  const detail::AffineMap map = detail::inverse_map(warp, target.shape(), picture, source.shape());
  const std::array<double, 2> scale = detail::source_scale(picture, source.shape());
  const std::int64_t channels = target.extent(2);
  if (channels == 1) {
    constexpr std::integral_constant<std::int64_t, 1> one;
    detail::warp_pixels(map, target, source, one, fill, displacement, scale);
  } else {
    detail::warp_pixels(map, target, source, channels, fill, displacement, scale);
  }
}

/// Images (H, W, C) or (N, H, W, C) all changed in the same way.
template <class T>
Tensor<T> warp(const Tensor<T>& images, const Warp& parameters, T fill = T{}) {
  EFFV2_CHECK(parameters.scale > 0.0 && parameters.stretch > 0.0, ErrorCode::invalid_argument,
              "[warp] expected a scale and a stretch > 0, got ", parameters.scale, " and ",
              parameters.stretch);
  for (const double value : {parameters.right, parameters.down, parameters.rotate, parameters.shear,
                             parameters.shear_down, parameters.scale, parameters.stretch}) {
    EFFV2_CHECK(std::isfinite(value), ErrorCode::invalid_argument,
                "[warp] expected finite numbers, got ", value);
  }
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
