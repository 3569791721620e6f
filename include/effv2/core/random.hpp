// Counter-based random numbers: every number is a pure function of (seed, stream, step, sample,
// element), so a run does not depend on the thread count and can be cut and resumed anywhere.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011): 128 random bits from a 128-bit counter and a 64-bit key.
constexpr PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  constexpr std::uint64_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = multiplier0 * counter[0];
    const std::uint64_t product1 = multiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key = {key[0] + weyl0, key[1] + weyl1};
  }
  return counter;
}

/// Who draws from which stream, so that no two draw the same numbers. The parameters count up from
/// 0 as they are initialised, the layers that draw from `first_layer`; one each below that is the
/// data's and the search's.
namespace streams {
inline constexpr std::uint32_t first_layer = 1U << 20;
inline constexpr std::uint32_t shuffle = first_layer - 1, augment = first_layer - 2,
                               split = first_layer - 3, mixup = first_layer - 4;
inline constexpr std::uint32_t propose = first_layer - 8, tournament = first_layer - 9;
}  // namespace streams

/// One stream of random numbers: a user of randomness (a layer, the shuffling, one augmentation)
/// takes a stream of its own, and indexes it by step, sample and element.
struct RandomStream {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  std::uint32_t step = 0;

  PhiloxCounter bits(std::uint32_t sample, std::uint32_t element) const {
    return philox4x32({element, sample, step, stream},
                      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  }

  /// Uniform in [0, 1), 24 random bits.
  float uniform(std::uint32_t sample, std::uint32_t element = 0) const {
    return static_cast<float>(bits(sample, element)[0] >> 8) * 0x1p-24F;
  }

  /// Normal with mean 0 and deviation 1 (Box-Muller).
  double normal(std::uint32_t sample, std::uint32_t element = 0) const {
    const PhiloxCounter random = bits(sample, element);
    const double u = (random[0] + 0.5) * 0x1p-32, v = random[1] * 0x1p-32;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

  /// Uniform in 0 ... bound - 1, by multiplication (bias below bound / 2^32).
  std::uint32_t below(std::uint32_t bound, std::uint32_t sample, std::uint32_t element = 0) const {
    return static_cast<std::uint32_t>((std::uint64_t{bits(sample, element)[0]} * bound) >> 32);
  }
};

}  // namespace effv2::inline EFFV2_ISA
