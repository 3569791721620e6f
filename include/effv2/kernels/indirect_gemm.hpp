// Matrix products whose rows are read through pointers: the engine of convolutions and linear
// layers.
//
// A convolution is the product of im2col(x) and the weights. Here the columns are never written:
// for every tap there is one pointer per output row, and the micro-kernels read through it.
//
//   indirect_gemm     out[r, n] = bias[n] + sum over taps t, k of  in[r, t][k] * B[t, k, n]
//   indirect_outer    C[t, k, n] += sum over rows r of             in[r, t][k] * rows[r][n]
//
// The first serves forward passes and data gradients, the second weight gradients. Every element
// is summed in an order that depends on the shapes alone, so results do not depend on the number
// of threads.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <utility>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "packed_matrix.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// One register tile of indirect_gemm.
template <class T>
struct GemmTile {
  T* const* outputs;       // [row]
  const T* const* inputs;  // [tap][row], input_stride pointers per tap
  std::int64_t input_stride;
  const std::int32_t* taps;  // which tap of B each of the tap_count input sets meets
  std::int64_t tap_count, depth;
  const T* panel;
  const T* bias;         // of the panel's columns, or null
  std::int64_t columns;  // columns of the panel that exist
};

template <class T, int Rows, int Vectors>
void gemm_tile(const GemmTile<T>& tile) {
  using V = simd::Vector<T>;
  constexpr std::int64_t width = simd::width<T>, lanes = Vectors * width;
  V sum[Rows][Vectors];
  EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
    EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) sum[r][v] = V(T{});
  }
  for (std::int64_t t = 0; t < tile.tap_count; ++t) {
    const T* in[Rows];
    EFFV2_UNROLL for (int r = 0; r < Rows; ++r) in[r] = tile.inputs[t * tile.input_stride + r];
    const T* b = tile.panel + tile.taps[t] * tile.depth * lanes;
    for (std::int64_t k = 0; k < tile.depth; ++k, b += lanes) {
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
    V bias(T{});
    if (tile.bias != nullptr && left > 0) {
      bias = left >= width ? simd::load(tile.bias + v * width)
                           : simd::load_partial(tile.bias + v * width, left);
    }
    EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
      if (left >= width) {
        simd::store<T>(tile.outputs[r] + v * width, sum[r][v] + bias);
      } else if (left > 0) {
        simd::store_partial<T>(tile.outputs[r] + v * width, sum[r][v] + bias, left);
      }
    }
  }
}

// One register tile of indirect_outer.
template <class T>
struct OuterTile {
  T* result;  // Rows x columns, result_stride apart
  std::int64_t result_stride;
  const T* const* inputs;  // [row], `depth` of them
  std::int64_t first;      // of the inputs' numbers, the first that belongs to the tile
  const T* rows;           // [row][lane], packed
  std::int64_t depth;
  std::int64_t columns;  // columns of the tile that exist
};

template <class T, int Rows, int Vectors>
void outer_tile(const OuterTile<T>& tile) {
  using V = simd::Vector<T>;
  constexpr std::int64_t width = simd::width<T>, lanes = Vectors * width;
  V sum[Rows][Vectors];
  EFFV2_UNROLL for (int r = 0; r < Rows; ++r) {
    EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) sum[r][v] = V(T{});
  }
  const T* row = tile.rows;
  for (std::int64_t p = 0; p < tile.depth; ++p, row += lanes) {
    const T* in = tile.inputs[p] + tile.first;
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
      if (left >= width) {
        simd::store<T>(target, simd::load(target) + sum[r][v]);
      } else if (left > 0) {
        simd::store_partial<T>(target, simd::load_partial(target, left) + sum[r][v], left);
      }
    }
  }
}

// Tables of the micro-kernels by tile height (1 ... RegisterTile::rows) and width (1, 2 vectors).
template <class T>
void run_gemm_tile(int rows, int vectors, const GemmTile<T>& tile) {
  using Kernel = void (*)(const GemmTile<T>&);
  static constexpr auto table = []<int... R>(std::integer_sequence<int, R...>) {
    return std::array<std::array<Kernel, 2>, sizeof...(R)>{
        {{gemm_tile<T, R + 1, 1>, gemm_tile<T, R + 1, 2>}...}};
  }
  (std::make_integer_sequence<int, RegisterTile<T>::rows>{});
  table[static_cast<std::size_t>(rows - 1)][static_cast<std::size_t>(vectors - 1)](tile);
}

template <class T>
void run_outer_tile(int rows, int vectors, const OuterTile<T>& tile) {
  using Kernel = void (*)(const OuterTile<T>&);
  static constexpr auto table = []<int... R>(std::integer_sequence<int, R...>) {
    return std::array<std::array<Kernel, 2>, sizeof...(R)>{
        {{outer_tile<T, R + 1, 1>, outer_tile<T, R + 1, 2>}...}};
  }
  (std::make_integer_sequence<int, RegisterTile<T>::rows>{});
  table[static_cast<std::size_t>(rows - 1)][static_cast<std::size_t>(vectors - 1)](tile);
}

// Cuts `count` rows into as few tiles as possible, all of nearly the same height: 16 rows are 8 + 8
// and not 14 + 2, because a low tile wastes the latency of the multiply-add.
template <class T, class Body>
void for_each_tile(std::int64_t count, Body&& body) {
  const std::int64_t tiles = (count + RegisterTile<T>::rows - 1) / RegisterTile<T>::rows;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    const std::int64_t first = count * tile / tiles, last = count * (tile + 1) / tiles;
    body(first, static_cast<int>(last - first));
  }
}

// Rows of a group are (target, image) pairs, image fastest: the tile's rows then see the same taps
// at the same place of different images.
struct RowBlock {
  const TapGroup* group;
  std::int64_t first, count;
};

inline std::int64_t row_blocks(const TapGroup& group, std::int64_t batch, std::int64_t block) {
  return (static_cast<std::int64_t>(group.targets.size()) * batch + block - 1) / block;
}

inline RowBlock row_block(const TapPlan& plan, std::int64_t batch, std::int64_t block,
                          std::int64_t index) {
  for (const TapGroup& group : plan.groups) {
    const std::int64_t rows = static_cast<std::int64_t>(group.targets.size()) * batch;
    const std::int64_t blocks = row_blocks(group, batch, block);
    if (index < blocks) return {&group, index * block, std::min(block, rows - index * block)};
    index -= blocks;
  }
  return {nullptr, 0, 0};
}

// pointers[i] = base + (image * pixels + pixel) * channels for the rows of a block, where pixel is
// looked up by the row's target.
template <class Pointer>
void row_pointers(Pointer* pointers, Pointer base, const RowBlock& rows, const std::int32_t* pixel,
                  std::int64_t pixels, std::int64_t channels, std::int64_t batch) {
  std::int64_t target = rows.first / batch, image = rows.first % batch;
  const std::int64_t image_stride = pixels * channels;
  for (std::int64_t i = 0; i < rows.count;) {
    Pointer at = base + (image * pixels + pixel[target]) * channels;
    const std::int64_t run = std::min(rows.count - i, batch - image);
    for (std::int64_t j = 0; j < run; ++j, at += image_stride) pointers[i + j] = at;
    i += run, ++target, image = 0;
  }
}

}  // namespace detail

/// Most taps a plan may have (a 45 x 45 window).
inline constexpr std::int64_t max_taps = 2048;

/// out (batch, plan.target_pixels, B.columns) = gathered in (batch, plan.source_pixels, B.depth)
/// times B, plus bias (B.columns) or nothing if it is empty.
template <class T>
void indirect_gemm(View<T> out, View<const T> in, const PackedMatrix<T>& b, View<const T> bias,
                   const TapPlan& plan, std::int64_t batch, const Execution& run) {
  assert(out.size() == batch * plan.target_pixels * b.columns);
  assert(in.size() == batch * plan.source_pixels * b.depth);
  assert(b.taps <= max_taps);
  // A task is a block of rows, short enough that its pointers (16 KiB) and inputs stay in the inner
  // caches while the panels of B pass by.
  constexpr std::int64_t tile_rows = RegisterTile<T>::rows;
  constexpr std::int64_t most_rows = 8 * tile_rows, max_pointers = max_taps;
  const std::int64_t block = std::min(most_rows, std::max<std::int64_t>(1, max_pointers / b.taps));
  std::int64_t blocks = 0;
  for (const TapGroup& group : plan.groups) blocks += detail::row_blocks(group, batch, block);

  // Where rows are few (1 x 1 pixels), the columns are shared out as well.
  const std::int64_t panels = b.panels();
  const std::int64_t wanted = run.threads == 1 ? 1 : 4 * run.threads;
  const std::int64_t parts = std::clamp<std::int64_t>(
      (wanted + blocks - 1) / std::max<std::int64_t>(1, blocks), 1, panels);
  const int threads = run.threads_for(batch * plan.target_pixels * b.columns * b.depth / 16);

  parallel_for(blocks * parts, threads, [&](std::int64_t task) {
    const detail::RowBlock rows = detail::row_block(plan, batch, block, task / parts);
    const TapGroup& group = *rows.group;
    T* outputs[most_rows];
    const T* inputs[max_pointers];
    detail::row_pointers(outputs, out.data(), rows, group.targets.data(), plan.target_pixels,
                         b.columns, batch);
    for (std::size_t t = 0; t < group.taps.size(); ++t) {
      detail::row_pointers(inputs + static_cast<std::int64_t>(t) * rows.count, in.data(), rows,
                           group.sources_of(t), plan.source_pixels, b.depth, batch);
    }
    const std::int64_t part = task % parts;
    const std::int64_t first_panel = panels * part / parts,
                       last_panel = panels * (part + 1) / parts;
    for (std::int64_t panel = first_panel; panel < last_panel; ++panel) {
      const std::int64_t column = panel * RegisterTile<T>::columns;
      T* panel_outputs[tile_rows];
      detail::for_each_tile<T>(rows.count, [&](std::int64_t first, int count) {
        for (int r = 0; r < count; ++r) panel_outputs[r] = outputs[first + r] + column;
        detail::run_gemm_tile<T>(
            count, b.panel_vectors(panel),
            {panel_outputs, inputs + first, rows.count, group.taps.data(),
             static_cast<std::int64_t>(group.taps.size()), b.depth, b.panel(panel),
             bias.empty() ? nullptr : bias.data() + column, b.columns - column});
      });
    }
  });
}

/// result (taps, depth, columns) += for every tap, gathered in (batch, plan.source_pixels, depth)
/// transposed, times rows (batch, plan.target_pixels, columns).
template <class T>
void indirect_outer(View<T> result, View<const T> in, View<const T> rows, const TapPlan& plan,
                    std::int64_t batch, std::int64_t taps, const Execution& run) {
  const std::int64_t columns = rows.size() / (batch * plan.target_pixels);
  const std::int64_t depth = in.size() / (batch * plan.source_pixels);
  assert(result.size() == taps * depth * columns);
  constexpr std::int64_t panel_columns = RegisterTile<T>::columns;
  // 128 rows of one panel are 16 KiB: they stay in the first-level cache while all taps and all
  // tiles of `in` meet them.
  constexpr std::int64_t block = 128;
  const std::int64_t panels = (columns + panel_columns - 1) / panel_columns;
  std::int64_t blocks = 0;
  for (const TapGroup& group : plan.groups) blocks += detail::row_blocks(group, batch, block);

  // A task owns one panel of the result and one slice of the rows. The number of slices depends on
  // the shapes only (never on the threads), each sums into a buffer of its own, and the buffers are
  // added in order.
  constexpr std::int64_t wanted_tasks = 16, most_partial_numbers = 1 << 20;
  const std::int64_t slices =
      std::clamp<std::int64_t>(std::min({(wanted_tasks + panels - 1) / panels, blocks / 2,
                                         most_partial_numbers / result.size()}),
                               1, wanted_tasks);
  Tensor<T> partials;
  if (slices > 1) partials = run.scratch<T>({slices, result.size()});
  const int threads = run.threads_for(batch * plan.target_pixels * columns * depth / 16);

  parallel_for(panels * slices, threads, [&](std::int64_t task) {
    const std::int64_t panel = task % panels, slice = task / panels;
    const std::int64_t column = panel * panel_columns;
    const std::int64_t valid = std::min(panel_columns, columns - column);
    const int vectors = valid > simd::width<T> ? 2 : 1;
    const std::int64_t lanes = vectors * simd::width<T>;
    T* target = result.data() + column;
    if (slices > 1) {
      target = partials.data() + slice * result.size() + column;
      for (std::int64_t row = 0; row < taps * depth; ++row) {
        std::fill_n(target + row * columns, valid, T{});
      }
    }
    alignas(alignment) T packed[block * panel_columns];
    const T* pointers[block];
    for (std::int64_t index = blocks * slice / slices; index < blocks * (slice + 1) / slices;
         ++index) {
      const detail::RowBlock part = detail::row_block(plan, batch, block, index);
      const TapGroup& group = *part.group;
      detail::row_pointers(pointers, rows.data(), part, group.targets.data(), plan.target_pixels,
                           columns, batch);
      for (std::int64_t p = 0; p < part.count; ++p) {
        std::copy_n(pointers[p] + column, valid, packed + p * lanes);
        std::fill(packed + p * lanes + valid, packed + (p + 1) * lanes, T{});
      }
      for (std::size_t t = 0; t < group.taps.size(); ++t) {
        detail::row_pointers(pointers, in.data(), part, group.sources_of(t), plan.source_pixels,
                             depth, batch);
        T* tap_target = target + group.taps[t] * depth * columns;
        detail::for_each_tile<T>(depth, [&](std::int64_t first, int count) {
          detail::run_outer_tile<T>(
              count, vectors,
              {tap_target + first * columns, columns, pointers, first, packed, part.count, valid});
        });
      }
    }
  });
  if (slices == 1) return;
  constexpr std::int64_t grain = 4096;
  parallel_chunks(result.size(), grain, run.threads_for(result.size() * slices),
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t slice = 0; slice < slices; ++slice) {
                      const T* partial = partials.data() + slice * result.size();
                      for (std::int64_t i = begin; i < end; ++i) result[i] += partial[i];
                    }
                  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
