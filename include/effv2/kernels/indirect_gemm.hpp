// Matrix products whose rows are read through pointers: the engine of forward passes and data
// gradients.
//
//   out[r, n] = bias[n] + sum over taps t, k of  in[r, t][k] * B[t, k, n]
//
// A convolution is the product of im2col(x) and the weights. Here the columns are never written:
// for every tap there is one pointer per output row, and the micro-kernel reads through it. Every
// element is summed in an order that depends on the shapes alone, so results do not depend on the
// number of threads.
//
// Loops, from the outside: blocks of rows (their inputs stay in the second-level cache), panels of
// B (one stays in the first), tiles of rows, taps, k. While a panel is in use, the next one is
// asked for: weights are used once a step, and come from main memory.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "epilogue.hpp"
#include "packed_matrix.hpp"
#include "row_blocks.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// One register tile.
template <class T>
struct GemmTile {
  T* const* outputs;       // [row]
  const T* const* inputs;  // [tap][row], input_stride pointers per tap
  std::int64_t input_stride;
  const std::int32_t* taps;  // which tap of B each of the tap_count input sets meets
  std::int64_t tap_count, depth;
  const T* panel;
  const T* next_panel;  // memory to ask for ahead of its use, a cache line of each per step
  const T* next_inputs;
  const T* bias;         // of the panel's columns, or null
  std::int64_t columns;  // columns of the panel that exist

  template <int Rows, int Vectors>
  static void compute(const GemmTile& tile);
};

template <class T>
template <int Rows, int Vectors>
void GemmTile<T>::compute(const GemmTile& tile) {
  using V = simd::Vector<T>;
  constexpr std::int64_t width = simd::width<T>, lanes = Vectors * width;
  constexpr std::int64_t line = alignment / sizeof(T);
  V sum[Rows][Vectors];
  EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
    simd::prefetch_write(tile.outputs[r]);
    simd::prefetch_write(tile.outputs[r] + (lanes - 1));
    EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) sum[r][v] = V(T{});
  }
  const T *next_panel = tile.next_panel, *next_inputs = tile.next_inputs;
  for (std::int64_t t = 0; t < tile.tap_count; ++t) {
    const T* in[Rows];
    EFFV2_UNROLL for (int r = 0; r < Rows; ++r) in[r] = tile.inputs[t * tile.input_stride + r];
    const T* b = tile.panel + tile.taps[t] * tile.depth * lanes;
    for (std::int64_t k = 0; k < tile.depth; ++k, b += lanes) {
      // A tile of one row (an answer to one picture) reads the panels as one stream, which a
      // processor foresees by itself: without these, S answers 1.2 times as fast on Zen 5.
      if constexpr (Rows > 1) {
        simd::prefetch_read(next_panel);
        simd::prefetch_read(next_inputs);
        next_panel += line, next_inputs += line;
      }
      V columns[Vectors];
      EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) columns[v] = simd::load(b + v * width);
      EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
        const V value(in[r][k]);
        EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) {
          sum[r][v] = simd::fma<T>(value, columns[v], sum[r][v]);
        }
      }
    }
  }
  EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) {
    const std::int64_t left = tile.columns - v * width;
    const V bias = tile.bias == nullptr ? V(T{}) : simd::load_up_to(tile.bias + v * width, left);
    EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
      simd::store_up_to<T>(tile.outputs[r] + v * width, sum[r][v] + bias, left);
    }
  }
}

}  // namespace detail

/// out (batch, plan.target_pixels, B.columns) = gathered in (batch, plan.source_pixels, B.depth)
/// times B, plus bias (B.columns) or nothing if it is empty, then the epilogue.
template <class T>
void indirect_gemm(View<T> out, View<const T> in, const PackedView<T>& b, View<const T> bias,
                   const TapPlan& plan, std::int64_t batch, const Execution& run,
                   const Epilogue<T>& epilogue = {}) {
  assert(out.size() == batch * plan.target_pixels * b.columns);
  assert(in.size() == batch * plan.source_pixels * b.depth);
  assert(b.taps <= max_taps);
  // Blocks of up to 8 tiles, as long as their pointers fill no more than 16 KiB (a window of over
  // 146 taps leaves less than one tile); images at a time as many as fit into a quarter of the
  // second-level cache, at least enough for the corner pixels of the images to fill a tile if the
  // images are small.
  constexpr std::int64_t tile_rows = RegisterTile<T>::rows, most_rows = 8 * tile_rows;
  constexpr std::int64_t image_numbers = (1 << 19) / sizeof(T);
  const std::int64_t fitting = max_taps / b.taps;
  const std::int64_t block_rows =
      std::min({fitting, most_rows, std::max<std::int64_t>(1, fitting / tile_rows) * tile_rows});
  const detail::RowBlocks blocks(plan, batch, b.depth, image_numbers, block_rows,
                                 std::min(tile_rows, block_rows));
  if (epilogue.sums != nullptr) epilogue.sums->prepare(blocks.size(), b.columns, run);

  // Where blocks are few (1 x 1 pixels), the panels are shared out as well.
  const std::int64_t panels = b.panels();
  const std::int64_t wanted = run.tasks_for(16);
  const std::int64_t row_parts = std::min(blocks.size(), wanted);
  const std::int64_t panel_parts = std::clamp<std::int64_t>(
      (wanted + row_parts - 1) / std::max<std::int64_t>(1, row_parts), 1, panels);
  const int threads = run.threads_for(batch * plan.target_pixels * b.columns * b.depth / 16);

  parallel_for(row_parts * panel_parts, threads, [&](std::int64_t task) {
    const std::int64_t row_part = task / panel_parts, panel_part = task % panel_parts;
    const std::int64_t first_panel = panels * panel_part / panel_parts,
                       last_panel = panels * (panel_part + 1) / panel_parts;
    T* outputs[most_rows];
    const T* inputs[max_taps];
    blocks.for_each(
        blocks.size() * row_part / row_parts, blocks.size() * (row_part + 1) / row_parts,
        [&](std::int64_t index, const detail::RowBlock& rows) {
          const TapGroup& group = *rows.group;
          const auto taps = static_cast<std::int64_t>(group.taps.size());
          detail::row_pointers(outputs, out.data(), rows, group.targets.data(), plan.target_pixels,
                               b.columns);
          for (std::int64_t t = 0; t < taps; ++t) {
            detail::row_pointers(inputs + t * rows.count, in.data(), rows,
                                 group.sources_of(static_cast<std::size_t>(t)), plan.source_pixels,
                                 b.depth);
          }
          for (std::int64_t panel = first_panel; panel < last_panel; ++panel) {
            const std::int64_t column = panel * RegisterTile<T>::columns;
            const T* next_panel = b.panel(panel + 1 < last_panel ? panel + 1 : first_panel);
            T* panel_outputs[tile_rows];
            detail::for_each_tile<RegisterTile<T>::rows>(
                rows.count, [&](std::int64_t first, int count) {
                  for (int r = 0; r < count; ++r) panel_outputs[r] = outputs[first + r] + column;
                  detail::run_tile<RegisterTile<T>::rows, detail::GemmTile<T>>(
                      count, b.panel_vectors(panel),
                      {.outputs = panel_outputs,
                       .inputs = inputs + first,
                       .input_stride = rows.count,
                       .taps = group.taps.data(),
                       .tap_count = taps,
                       .depth = b.depth,
                       .panel = b.panel(panel),
                       .next_panel = next_panel,
                       .next_inputs = taps > 0 ? inputs[(taps - 1) * rows.count +
                                                        std::min(first + count, rows.count - 1)]
                                               : nullptr,
                       .bias = bias.empty() ? nullptr : bias.data() + column,
                       .columns = b.columns - column});
                  next_panel += taps * b.depth * std::int64_t{alignment / sizeof(T)};
                  detail::finish_rows<T>(epilogue, index, first, out.data(), outputs + first, count,
                                         column,
                                         std::min(column + RegisterTile<T>::columns, b.columns));
                });
          }
        });
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
