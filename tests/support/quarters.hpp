// A data set that is learned in seconds.
#pragma once

#include <cstdint>
#include <effv2/data/dataset.hpp>
#include <utility>
#include <vector>

#include "random.hpp"

namespace effv2::testing {

/// Eight-pixel pictures of four classes: which quarter is bright.
inline data::Dataset quarters(std::int64_t count, std::uint32_t stream) {
  Dice dice(stream);
  Tensor<std::uint8_t> images({count, 8, 8, 1});
  std::vector<std::int32_t> labels;
  for (std::int64_t n = 0; n < count; ++n) {
    const auto label = static_cast<std::int32_t>(dice.between(0, 3));
    labels.push_back(label);
    for (std::int64_t p = 0; p < 64; ++p) {
      const bool bright = (p / 32) * 2 + (p % 8) / 4 == label;
      images[n * 64 + p] = static_cast<std::uint8_t>(dice.between(0, 90) + (bright ? 100 : 0));
    }
  }
  return data::Dataset::from(std::move(images), std::move(labels), 4);
}

}  // namespace effv2::testing
