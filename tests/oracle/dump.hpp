// Reads the dumps that the generators in this folder write, and turns PyTorch's layouts into ours.
#pragma once

#include <cstdint>
#include <effv2/core/tensor.hpp>
#include <effv2/io/parameter_names.hpp>
#include <effv2/io/safetensors.hpp>
#include <map>
#include <string>
#include <utility>

#include "../catch.hpp"

namespace effv2::testing {

/// All tensors of a safetensors file with F64 and I64 entries, as double.
using Dump = std::map<std::string, Tensor<double>>;

inline Dump read_dump(const std::string& name) {
  const auto file = io::SafetensorsFile::read(EFFV2_SOURCE_DIR "/tests/oracle/" + name);
  Dump tensors;
  for (const auto& [key, entry] : file.entries()) {
    if (entry.type == io::NumberType::f64) {
      tensors.emplace(key, file.get<double>(key));
      continue;
    }
    const Tensor<std::int64_t> whole = file.get<std::int64_t>(key);
    Tensor<double> values(whole.shape());
    for (std::int64_t i = 0; i < whole.size(); ++i) values[i] = static_cast<double>(whole[i]);
    tensors.emplace(key, std::move(values));
  }
  return tensors;
}

/// Weights (O, I, k, k), (C, 1, k, k) or (O, I) as ours of shape `target`: (k, k, I, O), (k, k, C)
/// or (I, O). One-dimensional ones stay.
template <class T>
Tensor<T> weights_from_torch(const Tensor<double>& source, const Shape& target) {
  Tensor<T> values = Tensor<T>::uninitialized(source.shape());
  for (std::int64_t i = 0; i < source.size(); ++i) values[i] = static_cast<T>(source[i]);
  return io::from_torch(values, target);
}

/// Pictures (N, C, H, W) as (N, H, W, C).
inline Tensor<double> pictures_from_torch(const Tensor<double>& x) {
  Tensor<double> result({x.extent(0), x.extent(2), x.extent(3), x.extent(1)});
  for (std::int64_t n = 0; n < x.extent(0); ++n) {
    for (std::int64_t c = 0; c < x.extent(1); ++c) {
      for (std::int64_t i = 0; i < x.extent(2); ++i) {
        for (std::int64_t j = 0; j < x.extent(3); ++j) result(n, i, j, c) = x(n, c, i, j);
      }
    }
  }
  return result;
}

}  // namespace effv2::testing
