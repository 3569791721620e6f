// Resizing, padding and cropping of images (H, W, C) or batches of them (N, H, W, C).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/shape.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::data {

namespace detail {

// What pixels of type T are computed in.
template <class T>
using Precise = std::conditional_t<std::is_same_v<T, double>, double, float>;

// A computed value as a pixel: integers are rounded and stay in range.
template <class T, class Value>
T to_pixel(Value value) {
  if constexpr (std::is_integral_v<T>) {
    static_assert(std::is_same_v<T, std::uint8_t>);
    return static_cast<T>(std::clamp(value, Value{0}, Value{255}) + Value{0.5});
  } else {
    return static_cast<T>(value);
  }
}

// N, H, W, C of one image or of a batch.
struct ImageExtents {
  std::int64_t count, height, width, channels;

  explicit ImageExtents(const Shape& shape) {
    const int rank = shape.rank();
    EFFV2_CHECK(rank == 3 || rank == 4, ErrorCode::shape_mismatch,
                "[image] expected (H, W, C) or (N, H, W, C), got ", shape);
    count = rank == 4 ? shape[0] : 1;
    height = shape[rank - 3];
    width = shape[rank - 2];
    channels = shape[rank - 1];
  }
};

inline Shape with_size(const Shape& shape, std::int64_t height, std::int64_t width) {
  return shape.rank() == 4 ? Shape{shape[0], height, width, shape[3]}
                           : Shape{height, width, shape[2]};
}

template <class T>
View<T> image_of(const View<T>& images, const ImageExtents& extents, std::int64_t index) {
  const Shape shape{extents.height, extents.width, extents.channels};
  return {images.data() + index * shape.size(), shape};
}

}  // namespace detail

/// Bilinear interpolation between images of two fixed sizes, with half-pixel centres (PyTorch's
/// align_corners=False). Where it shrinks, the triangle widens by the ratio, so that every pixel
/// counts (antialias=True), unless told not to. Computes in T, float or double.
template <class T = float>
class Resizer {
 public:
  Resizer() = default;
  Resizer(std::int64_t source_height, std::int64_t source_width, std::int64_t height,
          std::int64_t width, std::int64_t channels, bool antialias = true)
      : rows_(source_height, height, antialias), columns_(source_width, width, antialias) {
    EFFV2_CHECK(channels >= 1, ErrorCode::invalid_argument,
                "[resize] expected at least 1 channel, got ", channels);
    scratch_ = Tensor<T>::uninitialized({source_height, width, channels});
    sums_ = Tensor<T>::uninitialized({width, channels});
  }

  /// (height, width, C) from (source height, source width, C). Allocates nothing.
  template <class Target, class Source>
  void operator()(View<Target> target, View<const Source> source) {
    const std::int64_t channels = scratch_.extent(2), row = columns_.count * channels;
    const Shape from{scratch_.extent(0), columns_.source, channels};
    const Shape to{rows_.count, columns_.count, channels};
    EFFV2_CHECK(source.shape() == from && target.shape() == to, ErrorCode::shape_mismatch,
                "[resize] expected pictures ", from, " and ", to, ", got ", source.shape(), " and ",
                target.shape());
    for (std::int64_t y = 0; y < scratch_.extent(0); ++y) {
      T* out = scratch_.data() + y * row;
      const Source* in = source.data() + y * columns_.source * channels;
      for (std::int64_t x = 0; x < columns_.count; ++x) {
        for (std::int64_t c = 0; c < channels; ++c) {
          *out++ = columns_.interpolate(in + c, channels, x);
        }
      }
    }
    Target* out = target.data();
    for (std::int64_t y = 0; y < rows_.count; ++y) {
      // Whole rows at a time, which compilers turn into vectors.
      std::fill_n(sums_.data(), row, T{});
      for (std::int64_t tap = 0; tap < rows_.taps; ++tap) {
        const T weight = rows_.weights[static_cast<std::size_t>(y * rows_.taps + tap)];
        const T* in = scratch_.data() + (rows_.first[static_cast<std::size_t>(y)] + tap) * row;
        for (std::int64_t i = 0; i < row; ++i) sums_[i] += weight * in[i];
      }
      for (std::int64_t i = 0; i < row; ++i) *out++ = detail::to_pixel<Target>(sums_[i]);
    }
  }

 private:
  // For each target position along one axis the source positions it is a weighted mean of.
  struct Axis {
    std::int64_t source = 0, count = 0, taps = 0;
    std::vector<std::int64_t> first;
    std::vector<T> weights;  // (count, taps)

    Axis() = default;
    Axis(std::int64_t source_count, std::int64_t target_count, bool antialias)
        : source(source_count), count(target_count) {
      EFFV2_CHECK(source >= 1 && count >= 1, ErrorCode::invalid_argument,
                  "[resize] expected sizes of at least 1, got ", source, " to ", count);
      const double ratio = static_cast<double>(source) / static_cast<double>(count);
      const double support = antialias ? std::max(ratio, 1.0) : 1.0;
      taps = std::min(source, static_cast<std::int64_t>(std::ceil(2.0 * support)));
      first.reserve(static_cast<std::size_t>(count));
      weights.reserve(static_cast<std::size_t>(checked_product(count, taps)));
      std::vector<double> row(static_cast<std::size_t>(taps));
      for (std::int64_t i = 0; i < count; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) * ratio - 0.5;
        const auto begin = static_cast<std::int64_t>(std::floor(centre - support)) + 1;
        first.push_back(std::clamp(begin, std::int64_t{0}, source - taps));
        double sum = 0.0;
        for (std::int64_t tap = 0; tap < taps; ++tap) {
          const double distance = static_cast<double>(first.back() + tap) - centre;
          const double weight = std::max(0.0, 1.0 - std::abs(distance) / support);
          row[static_cast<std::size_t>(tap)] = weight;
          sum += weight;
        }
        // At the borders part of the triangle is outside: the rest makes up for it.
        for (const double weight : row) weights.push_back(static_cast<T>(weight / sum));
      }
    }

    template <class Source>
    T interpolate(const Source* in, std::int64_t stride, std::int64_t position) const {
      const T* weight = weights.data() + position * taps;
      in += first[static_cast<std::size_t>(position)] * stride;
      T sum{};
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        sum += weight[tap] * static_cast<T>(in[tap * stride]);
      }
      return sum;
    }
  };

  Axis rows_, columns_;
  Tensor<T> scratch_;  // (source height, width, C): the columns are done first
  Tensor<T> sums_;     // (width, C)
};

/// Bilinear; see Resizer. Bytes are rounded to the nearest.
template <class T>
Tensor<T> resize(const Tensor<T>& images, std::int64_t height, std::int64_t width,
                 bool antialias = true) {
  const detail::ImageExtents from(images.shape());
  Resizer<detail::Precise<T>> resizer(from.height, from.width, height, width, from.channels,
                                      antialias);
  Tensor<T> result = Tensor<T>::uninitialized(detail::with_size(images.shape(), height, width));
  const detail::ImageExtents to(result.shape());
  for (std::int64_t n = 0; n < from.count; ++n) {
    resizer(detail::image_of(result.view(), to, n), detail::image_of(images.view(), from, n));
  }
  return result;
}

/// The height x width pixels from (top, left) on; what lies outside of the image is `fill`.
template <class T>
Tensor<T> window(const Tensor<T>& images, std::int64_t top, std::int64_t left, std::int64_t height,
                 std::int64_t width, T fill = T{}) {
  const detail::ImageExtents from(images.shape());
  Tensor<T> result = Tensor<T>::filled(detail::with_size(images.shape(), height, width), fill);
  const std::int64_t y_begin = std::max<std::int64_t>(0, -top);
  const std::int64_t y_end = std::min(height, from.height - top);
  const std::int64_t x_begin = std::max<std::int64_t>(0, -left);
  const std::int64_t x_end = std::min(width, from.width - left);
  if (x_begin >= x_end) return result;
  for (std::int64_t n = 0; n < from.count; ++n) {
    for (std::int64_t y = y_begin; y < y_end; ++y) {
      const T* row = images.data() +
                     ((n * from.height + y + top) * from.width + left + x_begin) * from.channels;
      std::copy_n(row, (x_end - x_begin) * from.channels,
                  result.data() + ((n * height + y) * width + x_begin) * from.channels);
    }
  }
  return result;
}

/// `margin` pixels of `fill` on all four sides.
template <class T>
Tensor<T> pad(const Tensor<T>& images, std::int64_t margin, T fill = T{}) {
  EFFV2_CHECK(margin >= 0, ErrorCode::invalid_argument, "[pad] expected a margin >= 0, got ",
              margin);
  const detail::ImageExtents from(images.shape());
  return window(images, -margin, -margin, from.height + 2 * margin, from.width + 2 * margin, fill);
}

/// The height x width pixels from (top, left) on, all of them inside of the image.
template <class T>
Tensor<T> crop(const Tensor<T>& images, std::int64_t top, std::int64_t left, std::int64_t height,
               std::int64_t width) {
  const detail::ImageExtents from(images.shape());
  EFFV2_CHECK(top >= 0 && left >= 0 && height >= 1 && width >= 1 && height <= from.height - top &&
                  width <= from.width - left,
              ErrorCode::invalid_argument, "[crop] ", height, " x ", width, " pixels from row ",
              top, ", column ", left, " on are not inside of ", images.shape());
  return window(images, top, left, height, width);
}

}  // namespace effv2::inline EFFV2_ISA::data
