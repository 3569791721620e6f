// The weight gradient's product: sums over rows that are read through pointers.
//
//   C[t, k, n] += sum over rows r of  in[r, t][k] * rows[r][n]
//
// The transposed counterpart of indirect_gemm, again without columns: a register tile holds some k
// by two vectors of n, and every row adds one product of a broadcast and a vector.
//
// Loops, from the outside: slices of the rows (partial_sums.hpp), panels of n, blocks of rows
// (their numbers of one panel are packed and stay in the first-level cache), taps, tiles of k,
// rows.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

#include "../core/accumulator.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "packed_matrix.hpp"
#include "partial_sums.hpp"
#include "row_blocks.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// What a tile does with its sums.
enum class Write {
  add,      // to what is there
  replace,  // what is there
  stream,   // the same, past the caches: nobody reads the result before long
};

// One register tile.
template <class T>
struct OuterTile {
  T* result;  // Rows x columns, result_stride apart
  std::int64_t result_stride;
  const T* const* inputs;  // [row]
  std::int64_t first;      // of the inputs' numbers, the first that belongs to the tile
  const T* rows;           // [row][lane], packed
  std::int64_t row_count;
  std::int64_t columns;  // columns of the tile that exist
  Write write;

  template <int Rows, int Vectors>
  static void compute(const OuterTile& tile);
};

template <class T>
template <int Rows, int Vectors>
void OuterTile<T>::compute(const OuterTile& tile) {
  using V = simd::Vector<T>;
  constexpr std::int64_t width = simd::width<T>, lanes = Vectors * width;
  V sum[Rows][Vectors];
  EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
    if (tile.write != Write::stream) {
      simd::prefetch_write(tile.result + r * tile.result_stride);
      simd::prefetch_write(tile.result + r * tile.result_stride + (lanes - 1));
    }
    EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) sum[r][v] = V(T{});
  }
  const T* row = tile.rows;
  for (std::int64_t p = 0; p < tile.row_count; ++p, row += lanes) {
    const T* in = tile.inputs[p] + tile.first;
    simd::prefetch_read(in + 2 * Rows);
    V columns[Vectors];
    EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) columns[v] = simd::load(row + v * width);
    EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
      const V value(in[r]);
      EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) {
        sum[r][v] = simd::fma<T>(value, columns[v], sum[r][v]);
      }
    }
  }
  EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
    EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) {
      T* target = tile.result + r * tile.result_stride + v * width;
      const std::int64_t left = tile.columns - v * width;
      if (tile.write == Write::stream && left >= width) {
        simd::store_stream<T>(target, sum[r][v]);
      } else if (tile.write == Write::add) {
        simd::store_up_to<T>(target, simd::load_up_to(target, left) + sum[r][v], left);
      } else {
        simd::store_up_to<T>(target, sum[r][v], left);
      }
    }
  }
}

// 128 rows of one panel are 16 KiB: they stay in the first-level cache while all taps and all tiles
// of `in` meet them.
inline constexpr std::int64_t outer_rows = 128;

template <class T>
struct RowPanel {
  alignas(alignment) T data[outer_rows * RegisterTile<T>::columns];
  const T* pointers[outer_rows];
};

// The rows' columns [0, valid) as one dense matrix of Vectors vectors, the rest zero.
template <class T>
void pack_rows(T* packed, const T* const* rows, std::int64_t count, std::int64_t valid,
               std::int64_t lanes) {
  constexpr std::int64_t ahead = 12;
  for (std::int64_t p = 0; p < count; ++p) {
    simd::prefetch_read(rows[std::min(p + ahead, count - 1)]);
    for (std::int64_t c = 0; c < lanes; c += simd::width<T>) {
      simd::store<T>(packed + p * lanes + c, simd::load_up_to(rows[p] + c, valid - c));
    }
  }
}

// A task's part of the result: numbers [first_k, last_k) of every tap, columns [column, column +
// valid) of one panel.
template <class T>
struct OuterPanel {
  std::int64_t depth, columns;  // of the whole result
  std::int64_t column, valid, first_k, last_k;
  T* target;          // column `column` of tap 0, number 0
  Write first_write;  // of the first block that meets a tap; the others add
  std::array<bool, max_taps> met = {};

  // The sums over a block's rows. `packed` is memory for them.
  void add(const RowBlock& block, const T* in, const T* rows, const TapPlan& plan,
           RowPanel<T>& packed) {
    const int vectors = valid > simd::width<T> ? 2 : 1;
    const TapGroup& group = *block.group;
    row_pointers(packed.pointers, rows + column, block, group.targets.data(), plan.target_pixels,
                 columns);
    pack_rows(packed.data, packed.pointers, block.count, valid, vectors * simd::width<T>);
    for (std::size_t t = 0; t < group.taps.size(); ++t) {
      row_pointers(packed.pointers, in, block, group.sources_of(t), plan.source_pixels, depth);
      T* const tap_target = target + group.taps[t] * depth * columns;
      bool& begun = met[static_cast<std::size_t>(group.taps[t])];
      const Write write = begun ? Write::add : first_write;
      begun = true;
      for_each_tile<RegisterTile<T>::rows>(last_k - first_k, [&](std::int64_t first, int count) {
        const std::int64_t k = first_k + first;
        run_tile<RegisterTile<T>::rows, OuterTile<T>>(count, vectors,
                                                      {.result = tap_target + k * columns,
                                                       .result_stride = columns,
                                                       .inputs = packed.pointers,
                                                       .first = k,
                                                       .rows = packed.data,
                                                       .row_count = block.count,
                                                       .columns = valid,
                                                       .write = write});
      });
    }
  }

  // Zeros for the taps that have met nothing but padding.
  void clear_unmet(std::int64_t taps) {
    for (std::int64_t t = 0; t < taps; ++t) {
      if (met[static_cast<std::size_t>(t)]) continue;
      for (std::int64_t k = first_k; k < last_k; ++k) {
        std::fill_n(target + (t * depth + k) * columns, valid, T{});
      }
    }
  }
};

}  // namespace detail

/// sum (taps, depth, columns) += for every tap, gathered in (batch, plan.source_pixels, depth)
/// transposed, times rows (batch, plan.target_pixels, columns).
template <class T>
void indirect_outer(const Accumulator<T>& sum, View<const T> in, View<const T> rows,
                    const TapPlan& plan, std::int64_t batch, std::int64_t taps,
                    const Execution& run) {
  const View<T> result = sum.values;
  const std::int64_t columns = rows.size() / (batch * plan.target_pixels);
  const std::int64_t depth = in.size() / (batch * plan.source_pixels);
  assert(result.size() == taps * depth * columns && taps <= max_taps);
  constexpr std::int64_t panel_columns = RegisterTile<T>::columns;
  // Many images at a time, so that corner pixels give long sums as well.
  constexpr std::int64_t image_numbers = (1 << 19) / sizeof(T);
  const detail::RowBlocks list(plan, batch, depth, image_numbers, detail::outer_rows,
                               detail::outer_rows);
  const std::int64_t blocks = list.size();
  const std::int64_t panels = (columns + panel_columns - 1) / panel_columns;

  // A task owns one panel of the result and one slice of the rows. Each slice sums into a buffer of
  // its own, and the buffers are added in order.
  constexpr std::int64_t most_partial_numbers = 1 << 20;
  const std::int64_t slices = slice_count(panels, blocks, most_partial_numbers / result.size());
  Tensor<T> partials;
  if (slices > 1) partials = run.scratch<T>({slices, result.size()});
  const int threads = run.threads_for(batch * plan.target_pixels * columns * depth / 16);

  // Where that makes few tasks, the rows of the result are shared out too.
  const std::int64_t wanted = run.tasks_for(12);
  const std::int64_t parts =
      std::clamp<std::int64_t>(wanted / (panels * slices), 1,
                               std::max<std::int64_t>(1, depth / (8 * RegisterTile<T>::rows)));

  parallel_for(panels * slices * parts, threads, [&](std::int64_t task) {
    const std::int64_t panel = task % panels, slice = task / panels / parts;
    const std::int64_t part = task / panels % parts;
    const std::int64_t column = panel * panel_columns;
    T* const sums = slices > 1 ? partials.data() + slice * result.size() : result.data();
    const bool overwrites = slices > 1 || !sum.adds;
    const detail::Write first_write = !overwrites   ? detail::Write::add
                                      : blocks == 1 ? detail::Write::stream
                                                    : detail::Write::replace;
    detail::OuterPanel<T> own{.depth = depth,
                              .columns = columns,
                              .column = column,
                              .valid = std::min(panel_columns, columns - column),
                              .first_k = depth * part / parts,
                              .last_k = depth * (part + 1) / parts,
                              .target = sums + column,
                              .first_write = first_write};
    detail::RowPanel<T> packed;
    list.for_each(blocks * slice / slices, blocks * (slice + 1) / slices,
                  [&](std::int64_t, const detail::RowBlock& block) {
                    own.add(block, in.data(), rows.data(), plan, packed);
                  });
    if (first_write == detail::Write::stream) simd::stream_fence();
    if (overwrites) own.clear_unmet(taps);
  });
  if (slices > 1) add_partial_sums<T, T>(sum, partials, run);
}

}  // namespace effv2::inline EFFV2_ISA::kernels
