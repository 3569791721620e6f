// The right-hand matrix of indirect_gemm, in the order in which the micro-kernels read it.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// The block of the result that lives in registers. Two vectors wide, so that each broadcast of an
/// input number feeds two fused multiply-adds. With 32 registers, 14 x 2 accumulators, 2 vectors of
/// B and 2 spare hide the latency of the multiply-add; with 16, 6 x 2 and 4.
template <class T>
struct RegisterTile {
  static constexpr int vectors = 2;
  static constexpr int rows = simd::registers == 32 ? 14 : 6;
  static constexpr std::int64_t columns = vectors * simd::width<T>;
};

/// B[taps, depth, columns] cut into panels of one register tile's width, each contiguous as
/// [tap][k][lane]; the last panel is one vector wide if that is enough, and padded with zeros.
template <class T>
struct PackedMatrix {
  std::int64_t taps = 0, depth = 0, columns = 0;
  Tensor<T> data;

  std::int64_t vectors() const { return (columns + simd::width<T> - 1) / simd::width<T>; }
  std::int64_t panels() const {
    return (columns + RegisterTile<T>::columns - 1) / RegisterTile<T>::columns;
  }
  const T* panel(std::int64_t index) const {
    return data.data() + index * taps * depth * RegisterTile<T>::columns;
  }
  /// Vectors of a panel: 2, or 1 for a narrow last one.
  int panel_vectors(std::int64_t index) const {
    return static_cast<int>(std::min<std::int64_t>(RegisterTile<T>::vectors,
                                                   vectors() - index * RegisterTile<T>::vectors));
  }
};

enum class Transpose { no, yes };

/// Packs weights (taps, rows, columns): as they are for a forward pass, or with rows and columns
/// exchanged in every tap for a data gradient. Reuses the memory of `packed`.
template <class T>
void pack(PackedMatrix<T>& packed, View<const T> weights, std::int64_t taps, std::int64_t rows,
          std::int64_t columns, Transpose transpose, const Execution& run) {
  assert(weights.size() == taps * rows * columns);
  const bool swap = transpose == Transpose::yes;
  packed.taps = taps, packed.depth = swap ? columns : rows, packed.columns = swap ? rows : columns;
  const std::int64_t size = taps * packed.depth * packed.vectors() * simd::width<T>;
  if (packed.data.size() != size) packed.data = Tensor<T>::uninitialized({size});

  const std::int64_t panels = packed.panels();
  parallel_for(panels * taps, run.threads_for(size), [&](std::int64_t task) {
    const std::int64_t panel = task / taps, tap = task % taps;
    const std::int64_t lanes = packed.panel_vectors(panel) * simd::width<T>;
    const std::int64_t first = panel * RegisterTile<T>::columns;
    const std::int64_t valid = std::min(lanes, packed.columns - first);
    const T* source = weights.data() + tap * rows * columns;
    T* target = packed.data.data() + panel * taps * packed.depth * RegisterTile<T>::columns +
                tap * packed.depth * lanes;
    if (!swap) {
      for (std::int64_t k = 0; k < packed.depth; ++k, target += lanes) {
        std::copy_n(source + k * columns + first, valid, target);
        std::fill(target + valid, target + lanes, T{});
      }
    } else {
      if (valid < lanes) std::fill(target, target + packed.depth * lanes, T{});
      // Reading along the rows of the weights, so that each cache line is used whole.
      constexpr std::int64_t block = 16;
      for (std::int64_t k0 = 0; k0 < packed.depth; k0 += block) {
        const std::int64_t k1 = std::min(packed.depth, k0 + block);
        for (std::int64_t lane = 0; lane < valid; ++lane) {
          const T* row = source + (first + lane) * columns;
          for (std::int64_t k = k0; k < k1; ++k) target[k * lanes + lane] = row[k];
        }
      }
    }
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
