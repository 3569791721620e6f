// Reads the dumps that the generators in this folder write, and turns PyTorch's layouts into ours.
#pragma once

#include <cstdint>
#include <cstring>
#include <effv2/core/tensor.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "../catch.hpp"

namespace effv2::testing {

/// All tensors of a safetensors file with F64 and I64 entries, as double.
using Dump = std::map<std::string, Tensor<double>>;

inline Dump read_dump(const std::string& name) {
  std::ifstream file(EFFV2_SOURCE_DIR "/tests/oracle/" + name, std::ios::binary);
  std::uint64_t length = 0;
  file.read(reinterpret_cast<char*>(&length), sizeof length);
  std::string header(length, ' ');
  file.read(header.data(), static_cast<std::streamsize>(length));
  Dump tensors;
  const nlohmann::json entries = nlohmann::json::parse(header);
  for (const auto& [key, entry] : entries.items()) {
    if (key == "__metadata__") continue;
    Shape shape;
    for (const std::int64_t extent : entry["shape"]) shape.append(extent);
    Tensor<double> tensor(shape);
    file.seekg(static_cast<std::streamoff>(8 + length) +
               entry["data_offsets"][0].get<std::int64_t>());
    for (double& value : tensor) {
      char bytes[8];
      file.read(bytes, 8);
      if (entry["dtype"] == "I64") {
        std::int64_t whole = 0;
        std::memcpy(&whole, bytes, 8);
        value = static_cast<double>(whole);
      } else {
        std::memcpy(&value, bytes, 8);
      }
    }
    REQUIRE(file.good());
    tensors.emplace(key, std::move(tensor));
  }
  return tensors;
}

/// Weights (O, I, k, k), (C, 1, k, k) or (O, I) as ours of shape `target`: (k, k, I, O), (k, k, C)
/// or (I, O). One-dimensional ones stay.
template <class T>
Tensor<T> weights_from_torch(const Tensor<double>& source, const Shape& target) {
  Tensor<T> result = Tensor<T>::uninitialized(target);
  if (target.rank() == 1) {
    std::copy(source.begin(), source.end(), result.begin());
    return result;
  }
  const std::int64_t taps = source.rank() == 4 ? source.extent(2) * source.extent(3) : 1;
  const std::int64_t out = source.extent(0), in = source.extent(1);
  REQUIRE(result.size() == taps * in * out);
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t t = 0; t < taps; ++t) {
        result[(t * in + i) * out + o] = static_cast<T>(source[(o * in + i) * taps + t]);
      }
    }
  }
  return result;
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
