// Random orders that depend on nothing but a random stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"

namespace effv2::inline EFFV2_ISA::data {

/// Fills `order` with 0 ... size - 1 in random order (Fisher and Yates).
inline void permute(std::span<std::int64_t> order, const RandomStream& random) {
  EFFV2_CHECK(order.size() <= std::numeric_limits<std::uint32_t>::max(), ErrorCode::unsupported,
              "[permutation] expected less than 2^32 elements, got ", order.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) {
    const auto bound = static_cast<std::uint32_t>(i);
    std::swap(order[i - 1], order[random.below(bound, 0, bound)]);
  }
}

}  // namespace effv2::inline EFFV2_ISA::data
