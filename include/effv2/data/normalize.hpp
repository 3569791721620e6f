// From bytes to numbers with mean 0 and deviation 1.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// y = (x / 255 - mean[c]) / deviation[c] for pixels x in [0, 255] of channel c, the innermost
/// axis. Give one mean and deviation per channel, or one for all.
template <class T>
class Normalizer {
 public:
  Normalizer() = default;
  Normalizer(const std::vector<double>& mean, const std::vector<double>& deviation,
             std::int64_t channels) {
    EFFV2_CHECK(channels > 0, ErrorCode::invalid_argument,
                "[normalize] expected at least 1 channel, got ", channels);
    for (const std::vector<double>* values : {&mean, &deviation}) {
      EFFV2_CHECK(values->size() == 1 || static_cast<std::int64_t>(values->size()) == channels,
                  ErrorCode::shape_mismatch, "[normalize] expected means and deviations for ",
                  channels, " channels, got ", values->size());
    }
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
      const double m = mean[mean.size() == 1 ? 0 : c];
      const double d = deviation[deviation.size() == 1 ? 0 : c];
      EFFV2_CHECK(std::isfinite(m) && std::isfinite(d) && d > 0.0, ErrorCode::invalid_argument,
                  "[normalize] expected a finite mean and a deviation > 0, got ", m, " and ", d);
      scale_.push_back(static_cast<T>(1.0 / (255.0 * d)));
      offset_.push_back(static_cast<T>(-m / d));
      for (int byte = 0; byte < 256; ++byte) {
        table_.push_back(static_cast<T>((byte / 255.0 - m) / d));
      }
    }
  }

  std::int64_t channels() const { return static_cast<std::int64_t>(scale_.size()); }

  /// Looked up, not computed. The shapes (..., C) are the same.
  void operator()(View<T> target, View<const std::uint8_t> source) const {
    check(source.shape());
    EFFV2_CHECK(target.shape() == source.shape(), ErrorCode::shape_mismatch,
                "[normalize] expected a target of ", source.shape(), ", got ", target.shape());
    T* out = target.data();
    const std::uint8_t* in = source.data();
    for (std::int64_t pixel = source.size() / channels(); pixel > 0; --pixel) {
      const T* table = table_.data();
      for (std::int64_t c = 0; c < channels(); ++c, table += 256) *out++ = table[*in++];
    }
  }

  /// In place, for pixels that interpolation has moved off the integers.
  void operator()(View<T> pixels) const {
    check(pixels.shape());
    T* value = pixels.data();
    for (std::int64_t pixel = pixels.size() / channels(); pixel > 0; --pixel) {
      for (std::size_t c = 0; c < scale_.size(); ++c, ++value) {
        *value = *value * scale_[c] + offset_[c];
      }
    }
  }

 private:
  void check(const Shape& shape) const {
    EFFV2_CHECK(channels() > 0 && shape.rank() > 0 && shape[shape.rank() - 1] == channels(),
                ErrorCode::shape_mismatch, "[normalize] expected pixels (..., ", channels(),
                "), got ", shape);
  }

  std::vector<T> table_;  // (C, 256)
  std::vector<T> scale_, offset_;
};

/// Mean and deviation of each channel's pixels, in [0, 1].
struct ChannelStatistics {
  std::vector<double> mean, deviation;
};

/// Those of pictures (..., C), for LoaderOptions: of the training set, and of no other. A channel
/// that never changes has a deviation of 1.
inline ChannelStatistics channel_statistics(View<const std::uint8_t> images) {
  EFFV2_CHECK(images.shape().rank() > 0 && images.size() > 0, ErrorCode::shape_mismatch,
              "[normalize] expected pictures (..., C), got ", images.shape());
  const std::int64_t channels = images.extent(images.shape().rank() - 1),
                     pixels = images.size() / channels;
  ChannelStatistics result;
  for (std::int64_t c = 0; c < channels; ++c) {
    std::uint64_t sum = 0, squares = 0;
    for (std::int64_t i = c; i < images.size(); i += channels) {
      const std::uint64_t value = images[i];
      sum += value, squares += value * value;
    }
    const double count = static_cast<double>(pixels), mean = static_cast<double>(sum) / count;
    const double variance = static_cast<double>(squares) / count - mean * mean;
    result.mean.push_back(mean / 255.0);
    result.deviation.push_back(variance > 1e-9 ? std::sqrt(variance) / 255.0 : 1.0);
  }
  return result;
}

}  // namespace effv2::inline EFFV2_ISA::data
