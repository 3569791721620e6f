// Operands for measurements.
#pragma once

#include <cstdint>
#include <effv2/core/random.hpp>
#include <effv2/core/tensor.hpp>

/// Uniform in [-1, 1).
inline effv2::Tensor<float> random_tensor(const effv2::Shape& shape) {
  effv2::Tensor<float> values = effv2::Tensor<float>::uninitialized(shape);
  const effv2::RandomStream random{1, 0, 0};
  for (std::int64_t i = 0; i < values.size(); ++i) {
    values[i] = 2.0F * random.uniform(0, static_cast<std::uint32_t>(i)) - 1.0F;
  }
  return values;
}
