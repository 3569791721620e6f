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
struct PackedView {
  std::int64_t taps = 0, depth = 0, columns = 0;
  const T* data = nullptr;

  std::int64_t vectors() const { return (columns + simd::width<T> - 1) / simd::width<T>; }
  std::int64_t panels() const {
    return (columns + RegisterTile<T>::columns - 1) / RegisterTile<T>::columns;
  }
  const T* panel(std::int64_t index) const { return data + panel_offset(index); }
  std::int64_t panel_offset(std::int64_t index) const {
    return index * taps * depth * RegisterTile<T>::columns;
  }
  /// Vectors of a panel: 2, or 1 for a narrow last one.
  int panel_vectors(std::int64_t index) const {
    return static_cast<int>(std::min<std::int64_t>(RegisterTile<T>::vectors,
                                                   vectors() - index * RegisterTile<T>::vectors));
  }
  /// The same numbers as a matrix [1, taps depth, columns].
  PackedView as_one_tap() const { return {1, taps * depth, columns, data}; }
};

/// The owner of such a matrix.
template <class T>
struct PackedMatrix {
  std::int64_t taps = 0, depth = 0, columns = 0;
  Tensor<T> data;

  PackedView<T> view() const { return {taps, depth, columns, data.data()}; }
  operator PackedView<T>() const { return view(); }  // NOLINT: as a tensor becomes a view
};

enum class Transpose { no, yes };

namespace detail {

// Rows [first, last) of one tap into all panels: along the rows, so that main memory is read as one
// stream.
template <class T>
void pack_rows_of_tap(PackedMatrix<T>& packed, View<const T> weights, std::int64_t tap,
                      std::int64_t first, std::int64_t last) {
  constexpr std::int64_t panel_columns = RegisterTile<T>::columns;
  const PackedView<T> view = packed.view();
  for (std::int64_t k = first; k < last; ++k) {
    const std::int64_t row = tap * view.depth + k;
    const T* source = weights.data() + row * view.columns;
    simd::for_each_vector<T>(view.columns, [&](std::int64_t column, auto lanes) {
      const std::int64_t panel = column / panel_columns;
      const std::int64_t panel_lanes = view.panel_vectors(panel) * simd::width<T>;
      T* target = packed.data.data() + view.panel_offset(panel) + row * panel_lanes;
      simd::store<T>(target + column % panel_columns, lanes.stream(source + column));
    });
  }
}

// One tap of one panel, with rows and columns exchanged: the panel's lanes are rows of the weights.
template <class T>
void pack_panel_transposed(PackedMatrix<T>& packed, View<const T> weights, std::int64_t panel,
                           std::int64_t tap) {
  const PackedView<T> view = packed.view();
  const std::int64_t depth = packed.depth, lanes = view.panel_vectors(panel) * simd::width<T>;
  const std::int64_t first = panel * RegisterTile<T>::columns;
  const std::int64_t valid = std::min(lanes, packed.columns - first);
  const T* source = weights.data() + (tap * packed.columns + first) * depth;
  T* target = packed.data.data() + view.panel_offset(panel) + tap * depth * lanes;
  if (valid < lanes) std::fill(target, target + depth * lanes, T{});
  // A cache line of each row at a time. No hardware prefetcher foresees that many streams, so the
  // lines are asked for here; after a row's end those of the next panel.
  constexpr std::int64_t line = alignment / sizeof(T), ahead = 4 * line;
  for (std::int64_t k0 = 0; k0 < depth; k0 += line) {
    const std::int64_t k1 = std::min(depth, k0 + line);
    const std::int64_t soon = k0 + ahead < depth ? k0 + ahead : lanes * depth + k0 + ahead - depth;
    for (std::int64_t lane = 0; lane < valid; ++lane)
      simd::prefetch_read(source + lane * depth + soon);
    std::int64_t lane = 0;
    for (; lane + 4 <= valid; lane += 4) {
      std::int64_t k = k0;
      for (; k + 4 <= k1; k += 4) {
        simd::transpose4x4<T>(target + k * lanes + lane, lanes, source + lane * depth + k, depth);
      }
      for (; k < k1; ++k) {
        for (std::int64_t i = lane; i < lane + 4; ++i)
          target[k * lanes + i] = source[i * depth + k];
      }
    }
    for (; lane < valid; ++lane) {
      for (std::int64_t k = k0; k < k1; ++k) target[k * lanes + lane] = source[lane * depth + k];
    }
  }
}

}  // namespace detail

/// Packs weights (taps, rows, columns): as they are for a forward pass, or with rows and columns
/// exchanged in every tap for a data gradient. Reuses the memory of `packed`, which is unchanged if
/// there is none for its new size.
template <class T>
void pack(PackedMatrix<T>& packed, View<const T> weights, std::int64_t taps, std::int64_t rows,
          std::int64_t columns, Transpose transpose, const Execution& run) {
  assert(weights.size() == taps * rows * columns);
  const bool swap = transpose == Transpose::yes;
  const PackedView<T> shape{taps, swap ? columns : rows, swap ? rows : columns};
  const std::int64_t size = taps * shape.depth * shape.vectors() * simd::width<T>;
  if (packed.data.size() != size) packed.data = run.scratch<T>({size});
  // Not before there is memory for them: otherwise the matrix stays what it was.
  packed.taps = taps, packed.depth = shape.depth, packed.columns = shape.columns;

  if (swap) {
    const std::int64_t panels = packed.view().panels();
    parallel_for(panels * taps, run.threads_for(size), [&](std::int64_t task) {
      detail::pack_panel_transposed<T>(packed, weights, task / taps, task % taps);
    });
  } else {
    constexpr std::int64_t block = 16;
    const std::int64_t blocks = (rows + block - 1) / block;
    parallel_for(blocks * taps, run.threads_for(size), [&](std::int64_t task) {
      const std::int64_t first = task % blocks * block;
      detail::pack_rows_of_tap<T>(packed, weights, task / blocks, first,
                                  std::min(rows, first + block));
    });
  }
}

}  // namespace effv2::inline EFFV2_ISA::kernels
