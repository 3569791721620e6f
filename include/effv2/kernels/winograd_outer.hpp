// The weight gradient of 3 x 3 convolutions of stride 1 with fewer multiplications: the adjoint of
// Winograd's F(2 x 2, 3 x 3).
//
// winograd.hpp computes y = A^T [ (G g G^T) . (B^T d B) ] A for every tile. That is linear in g, so
//
//   dg = G^T [ sum over tiles of  (A dy A^T) . (B^T d B) ] G
//
// and the sum in the middle, for all pairs of channels, is 16 products of transposed patches and
// gradients: 16 multiplications for 4 pixels of dy instead of 36.
//
// Loops, from the outside: slices of tiles (each has a sum of its own, and the sums are added in
// order), blocks of tiles (their transformed patches stay in the second-level cache), panels of
// dy's channels, the 16 products.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "../core/accumulator.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "indirect_outer.hpp"
#include "packed_matrix.hpp"
#include "row_blocks.hpp"
#include "winograd.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// A d A^T of the columns [0, valid) of a tile's four pixels, those outside of the picture null, as
// rows of `lanes` numbers, the last ones zero; result[i][j] is `stride` numbers after the one
// before.
template <class T>
void transform_gradient(T* result, std::int64_t stride, const T* const* pixels, std::int64_t valid,
                        std::int64_t lanes) {
  using V = simd::Vector<T>;
  for (std::int64_t c = 0; c < lanes; c += simd::width<T>) {
    const auto pixel = [=](int k) {
      return pixels[k] == nullptr ? V(T{}) : simd::load_up_to(pixels[k] + c, valid - c);
    };
    V t[4][2];
    EFFV2_UNROLL for (int j = 0; j < 2; ++j) {
      const V d0 = pixel(j), d1 = pixel(2 + j);
      t[0][j] = d0, t[1][j] = d0 + d1, t[2][j] = d0 - d1, t[3][j] = -d1;
    }
    EFFV2_UNROLL for (int i = 0; i < 4; ++i) {
      T* row = result + 4 * i * stride + c;
      simd::store<T>(row, t[i][0]);
      simd::store<T>(row + stride, t[i][0] + t[i][1]);
      simd::store<T>(row + 2 * stride, t[i][0] - t[i][1]);
      simd::store<T>(row + 3 * stride, -t[i][1]);
    }
  }
}

// The same of all tiles of a block: gradients[point][tile][lane] of the columns [column, column +
// valid) of dy.
template <class T, std::int64_t Tiles>
void transform_gradients(T* gradients, std::int64_t stride, const WinogradBlock<T, Tiles>& block,
                         const T* dy, std::int64_t column, std::int64_t valid, std::int64_t lanes) {
  for (std::int64_t i = 0; i < block.count; ++i) {
    const T* pixels[4];
    for (std::int64_t k = 0; k < 4; ++k) {
      const std::int64_t at = block.output[i][k];
      pixels[k] = at < 0 ? nullptr : dy + at + column;
    }
    transform_gradient<T>(gradients + i * lanes, stride, pixels, valid, lanes);
  }
}

// dw (3, 3, size) = or += G^T u G, where u (slices, 4, 4, size) is summed over the slices first.
template <class T>
void transform_weight_gradient(const Accumulator<T>& dw, View<const T> u, std::int64_t slices,
                               const Execution& run) {
  using V = simd::Vector<T>;
  const std::int64_t size = dw.values.size() / 9;
  constexpr std::int64_t grain = 1024;
  parallel_chunks(size, grain, run.threads_for(16 * slices * size),
                  [&](std::int64_t begin, std::int64_t end) {
                    simd::for_each_vector<T>(end - begin, [&](std::int64_t index, auto lanes) {
                      const std::int64_t at = begin + index;
                      const V half(T{0.5});
                      V t[3][4];
                      EFFV2_UNROLL for (int j = 0; j < 4; ++j) {
                        V sum[4];
                        EFFV2_UNROLL for (int i = 0; i < 4; ++i) {
                          const T* point = u.data() + (4 * i + j) * size + at;
                          sum[i] = lanes.load(point);
                          for (std::int64_t s = 1; s < slices; ++s) {
                            sum[i] += lanes.load(point + s * winograd_points * size);
                          }
                        }
                        t[0][j] = sum[0] + (sum[1] + sum[2]) * half;
                        t[1][j] = (sum[1] - sum[2]) * half;
                        t[2][j] = (sum[1] + sum[2]) * half + sum[3];
                      }
                      EFFV2_UNROLL for (int i = 0; i < 3; ++i) {
                        const V sum = (t[i][1] + t[i][2]) * half;
                        const V tap[3] = {t[i][0] + sum, (t[i][1] - t[i][2]) * half, sum + t[i][3]};
                        EFFV2_UNROLL for (int j = 0; j < 3; ++j) {
                          T* target = dw.values.data() + (3 * i + j) * size + at;
                          lanes.store(target, dw.adds ? lanes.load(target) + tap[j] : tap[j]);
                        }
                      }
                    });
                  });
}

}  // namespace detail

/// dw (3, 3, I, O) += (or =, where the sum starts here) the weight gradient of the convolution of
/// x (batch, grid.in_pixels, I) whose result has the gradient dy (batch, grid.out_pixels, O).
template <class T>
void winograd_outer(const Accumulator<T>& dw, View<const T> dy, View<const T> x,
                    const WinogradGrid& grid, std::int64_t batch, const Execution& run) {
  // So many tiles: a point's rows of 32 channels of dy fill 14 KiB of the first-level cache, and
  // the patches of 64 channels a half of the second. (64, 96 and 128 were up to a tenth slower.)
  using Block = detail::WinogradBlock<T, 112>;
  constexpr std::int64_t panel_columns = RegisterTile<T>::columns;
  const std::int64_t depth = x.size() / (batch * grid.in_pixels());
  const std::int64_t columns = dy.size() / (batch * grid.out_pixels());
  const std::int64_t sum_numbers = winograd_points * depth * columns;
  assert(dw.values.size() == 9 * depth * columns);
  const std::int64_t tiles = batch * grid.tiles(),
                     panels = (columns + panel_columns - 1) / panel_columns;

  // Slices depend on shapes only; each has equally many blocks, of nearly equally many tiles. Where
  // slices are fewer than tasks are wanted, the panels are shared out as well, at the price of
  // transforming the patches for each part.
  constexpr std::int64_t most_slices = 8, most_partial_numbers = 1 << 21;
  const std::int64_t slices = std::clamp<std::int64_t>(
      std::min(tiles / Block::tiles, most_partial_numbers / sum_numbers), 1, most_slices);
  const std::int64_t slice_blocks = (tiles + slices * Block::tiles - 1) / (slices * Block::tiles);
  const std::int64_t blocks = slices * slice_blocks;
  const std::int64_t wanted = run.tasks_for(4);
  const std::int64_t parts = std::clamp<std::int64_t>(wanted / slices, 1, panels);
  // The points' matrices lie an odd number of cache lines apart: at a power of two, the 16 numbers
  // that a transform writes would all meet in one set of the first-level cache.
  constexpr std::int64_t line = alignment / sizeof(T);
  const std::int64_t patch_stride = ((Block::tiles * depth + line - 1) / line | 1) * line;
  constexpr std::int64_t gradient_stride = Block::tiles * panel_columns + line;
  const std::int64_t patch_numbers = winograd_points * patch_stride;
  constexpr std::int64_t gradient_numbers = winograd_points * gradient_stride;
  Tensor<T> sums = run.scratch<T>({slices, sum_numbers});
  Tensor<T> scratch = run.scratch<T>({slices * parts, patch_numbers + gradient_numbers});
  Tensor<T> zeros = run.scratch<T>({depth});
  zeros.fill(T{});

  parallel_for(slices * parts, run.threads_for(tiles * columns * depth), [&](std::int64_t task) {
    const std::int64_t slice = task / parts, part = task % parts;
    T* patches = scratch.data() + task * (patch_numbers + gradient_numbers);
    T* gradients = patches + patch_numbers;
    T* sum = sums.data() + slice * sum_numbers;
    const T* inputs[winograd_points * Block::tiles];
    for (std::int64_t i = 0; i < winograd_points * Block::tiles; ++i) {
      inputs[i] = patches + i / Block::tiles * patch_stride + i % Block::tiles * depth;
    }
    Block block;
    for (std::int64_t i = 0; i < slice_blocks; ++i) {
      const std::int64_t index = slice * slice_blocks + i;
      const std::int64_t first = tiles * index / blocks;
      block.count = tiles * (index + 1) / blocks - first;
      block.locate(grid, x.data(), zeros.data(), depth, columns, first);
      block.transform_patches(patches, patch_stride, depth);
      const detail::Write write = i == 0 ? detail::Write::replace : detail::Write::add;
      for (std::int64_t panel = panels * part / parts; panel < panels * (part + 1) / parts;
           ++panel) {
        const std::int64_t column = panel * panel_columns;
        const std::int64_t valid = std::min(panel_columns, columns - column);
        const int vectors = valid > simd::width<T> ? 2 : 1;
        const std::int64_t lanes = vectors * simd::width<T>;
        detail::transform_gradients<T>(gradients, gradient_stride, block, dy.data(), column, valid,
                                       lanes);
        for (std::int64_t point = 0; point < winograd_points; ++point) {
          T* target = sum + point * depth * columns + column;
          detail::for_each_tile<RegisterTile<T>::rows>(depth, [&](std::int64_t k, int count) {
            detail::run_tile<RegisterTile<T>::rows, detail::OuterTile<T>>(
                count, vectors,
                {.result = target + k * columns,
                 .result_stride = columns,
                 .inputs = inputs + point * Block::tiles,
                 .first = k,
                 .rows = gradients + point * gradient_stride,
                 .row_count = block.count,
                 .columns = valid,
                 .write = write});
          });
        }
      }
    }
  });
  detail::transform_weight_gradient<T>(dw, sums, slices, run);
}

}  // namespace effv2::inline EFFV2_ISA::kernels
