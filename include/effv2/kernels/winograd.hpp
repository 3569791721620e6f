// 3 x 3 convolutions of stride 1 with fewer multiplications: Winograd's minimal filtering F(2 x 2,
// 3 x 3) (Lavin & Gray, "Fast algorithms for convolutional neural networks", 2016).
//
// A tile of 2 x 2 outputs y reads a patch d of 4 x 4 inputs. With filter g, per channel,
//
//   y = A^T [ (G g G^T) . (B^T d B) ] A
//
//         1  0 -1  0           1    0    0           1  1  1  0
//   B^T = 0  1  1  0      G = 1/2  1/2  1/2    A^T = 0  1 -1 -1
//         0 -1  1  0          1/2 -1/2  1/2
//         0  1  0 -1           0    0    1
//
// and the product in the middle, summed over channels, is 16 matrix products of tiles x channels
// instead of 9 of pixels x channels: 16 multiplications for 4 outputs instead of 36. The transforms
// are sums; halves are exact, so small integers come out exact as well. The data gradient is the
// same product with the filter turned; the weight gradient is in winograd_outer.hpp.
//
// Loops, from the outside: blocks of tiles (their transformed patches stay in the second-level
// cache), panels of weights, the 16 products (their results stay near the first), and back to
// pixels. The epilogue sees finished pixels, as in indirect_gemm.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "epilogue.hpp"
#include "indirect_gemm.hpp"
#include "packed_matrix.hpp"
#include "row_blocks.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// Numbers of a transformed patch, and so the taps of transformed weights.
inline constexpr std::int64_t winograd_points = 16;

/// Whether Winograd is the faster way: patches must not be mostly padding, and channels must be
/// deep enough to pay for the transforms.
inline bool suits_winograd(const Window& window, std::int64_t in_channels,
                           std::int64_t out_channels) {
  return window.kernel == 3 && window.stride == 1 &&
         std::min(window.out_height, window.out_width) >= 4 &&
         std::min(in_channels, out_channels) >= 16;
}

/// Where the patches of a picture lie.
struct WinogradGrid {
  std::int64_t in_height, in_width, out_height, out_width, pad_top, pad_left;

  std::int64_t tiles_across() const { return (out_width + 1) / 2; }
  std::int64_t tiles() const { return (out_height + 1) / 2 * tiles_across(); }
  std::int64_t in_pixels() const { return in_height * in_width; }
  std::int64_t out_pixels() const { return out_height * out_width; }

  /// Of a forward pass, and of the data gradient: a convolution of dy with the filter turned round.
  static WinogradGrid forward(const Window& w) {
    return {w.in_height, w.in_width, w.out_height, w.out_width, w.pad_top, w.pad_left};
  }
  static WinogradGrid backward(const Window& w) {
    return {w.out_height, w.out_width, w.in_height, w.in_width, 2 - w.pad_top, 2 - w.pad_left};
  }
};

namespace detail {

// B^T d B of one patch; result[i][j] is `stride` numbers after the one before.
template <class T>
void transform_patch(T* result, std::int64_t stride, const T* const* pixels,
                     std::int64_t channels) {
  using V = simd::Vector<T>;
  simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
    V t[4][4];
    EFFV2_UNROLL for (int j = 0; j < 4; ++j) {
      const V d0 = lanes.load(pixels[j] + c), d1 = lanes.load(pixels[4 + j] + c);
      const V d2 = lanes.load(pixels[8 + j] + c), d3 = lanes.load(pixels[12 + j] + c);
      t[0][j] = d0 - d2, t[1][j] = d1 + d2, t[2][j] = d2 - d1, t[3][j] = d1 - d3;
    }
    EFFV2_UNROLL for (int i = 0; i < 4; ++i) {
      T* row = result + 4 * i * stride + c;
      lanes.store(row, t[i][0] - t[i][2]);
      lanes.store(row + stride, t[i][1] + t[i][2]);
      lanes.store(row + 2 * stride, t[i][2] - t[i][1]);
      lanes.store(row + 3 * stride, t[i][1] - t[i][3]);
    }
  });
}

// A^T m A, plus bias (of the columns, or null), to the four pixels, those outside of the picture
// null. m[i][j] is `stride` numbers after the one before.
template <class T>
void transform_products(T* const* pixels, const T* m, std::int64_t stride, const T* bias,
                        std::int64_t columns) {
  using V = simd::Vector<T>;
  simd::for_each_vector<T>(columns, [&](std::int64_t c, auto lanes) {
    V s[2][4];
    EFFV2_UNROLL for (int j = 0; j < 4; ++j) {
      const V m0 = lanes.load(m + j * stride + c), m1 = lanes.load(m + (4 + j) * stride + c);
      const V m2 = lanes.load(m + (8 + j) * stride + c), m3 = lanes.load(m + (12 + j) * stride + c);
      s[0][j] = m0 + m1 + m2, s[1][j] = m1 - m2 - m3;
    }
    const V b = bias == nullptr ? V(T{}) : lanes.load(bias + c);
    EFFV2_UNROLL for (int i = 0; i < 2; ++i) {
      if (pixels[2 * i] != nullptr) lanes.store(pixels[2 * i] + c, s[i][0] + s[i][1] + s[i][2] + b);
      if (pixels[2 * i + 1] != nullptr) {
        lanes.store(pixels[2 * i + 1] + c, s[i][1] - s[i][2] - s[i][3] + b);
      }
    }
  });
}

// One block of tiles: the pixels that its patches read, and those that it writes.
template <class T, std::int64_t Tiles>
struct WinogradBlock {
  static constexpr std::int64_t tiles = Tiles;

  std::int64_t count = 0;
  const T* inputs[tiles][winograd_points];
  std::int64_t output[tiles][4];  // numbers from the first pixel of all, or -1

  // Tiles [first, first + count) of all images. Padding reads `zeros`.
  void locate(const WinogradGrid& grid, const T* in, const T* zeros, std::int64_t in_channels,
              std::int64_t out_channels, std::int64_t first) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t image = (first + i) / grid.tiles(), tile = (first + i) % grid.tiles();
      const std::int64_t y = 2 * (tile / grid.tiles_across()), x = 2 * (tile % grid.tiles_across());
      for (std::int64_t point = 0; point < winograd_points; ++point) {
        const std::int64_t row = y - grid.pad_top + point / 4,
                           column = x - grid.pad_left + point % 4;
        const bool inside =
            row >= 0 && row < grid.in_height && column >= 0 && column < grid.in_width;
        inputs[i][point] =
            inside ? in + (image * grid.in_pixels() + row * grid.in_width + column) * in_channels
                   : zeros;
      }
      for (std::int64_t k = 0; k < 4; ++k) {
        const std::int64_t row = y + k / 2, column = x + k % 2;
        const bool inside = row < grid.out_height && column < grid.out_width;
        output[i][k] =
            inside ? (image * grid.out_pixels() + row * grid.out_width + column) * out_channels
                   : -1;
      }
    }
  }

  // patches[point][tile][channel], the points' matrices `stride` numbers apart.
  void transform_patches(T* patches, std::int64_t stride, std::int64_t channels) const {
    for (std::int64_t i = 0; i < count; ++i) {
      transform_patch<T>(patches + i * channels, stride, inputs[i], channels);
    }
  }

  // The columns [column, column + valid) of the pixels, from products[point][tile][lane]. Where the
  // pixels begin goes to `pixels`; returns how many there are.
  std::int64_t write_pixels(T* out, const T* products, const T* bias, std::int64_t column,
                            std::int64_t valid, T** pixels) const {
    constexpr std::int64_t lanes = RegisterTile<T>::columns;
    std::int64_t rows = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      T* targets[4];
      for (std::int64_t k = 0; k < 4; ++k) {
        targets[k] = output[i][k] < 0 ? nullptr : out + output[i][k];
        if (targets[k] == nullptr) continue;
        pixels[rows++] = targets[k];
        targets[k] += column;
      }
      transform_products<T>(targets, products + i * lanes, tiles * lanes, bias, valid);
    }
    return rows;
  }
};

// products[point][tile] = patches[point][tile] times the point's weights, of one panel; the rows of
// both are pointers, `tiles` of them to a point, of which the first `count` are there.
template <class T>
void multiply_points(T* const* products, const T* const* patches, std::int64_t tiles,
                     std::int64_t count, const PackedView<T>& weights, std::int64_t panel) {
  const int vectors = weights.panel_vectors(panel);
  const std::int64_t point_numbers = weights.depth * vectors * simd::width<T>;
  for (std::int32_t point = 0; point < winograd_points; ++point) {
    const std::int64_t base = point * tiles;
    for_each_tile<RegisterTile<T>::rows>(count, [&](std::int64_t row, int rows) {
      run_tile<RegisterTile<T>::rows, GemmTile<T>>(
          rows, vectors,
          {.outputs = products + base + row,
           .inputs = patches + base + row,
           .input_stride = 0,
           .taps = &point,
           .tap_count = 1,
           .depth = weights.depth,
           .panel = weights.panel(panel),
           .next_panel = weights.panel(panel) + (point + 1) * point_numbers,
           .next_inputs = patches[base + row],
           .bias = nullptr,
           .columns = RegisterTile<T>::columns});
    });
  }
}

}  // namespace detail

/// G g G^T of the filters w (3, 3, I, O), to be packed as winograd_points taps. `turned`: of the
/// filters turned by half a turn, for a data gradient.
template <class T>
Tensor<T> winograd_weights(View<const T> w, std::int64_t in_channels, std::int64_t out_channels,
                           bool turned, const Execution& run) {
  using V = simd::Vector<T>;
  Tensor<T> result = run.scratch<T>({winograd_points, in_channels, out_channels});
  T* target = result.data();
  const std::int64_t size = in_channels * out_channels;
  constexpr std::int64_t grain = 2048;
  parallel_chunks(
      size, grain, run.threads_for(9 * size), [=](std::int64_t begin, std::int64_t end) {
        simd::for_each_vector<T>(end - begin, [&](std::int64_t index, auto lanes) {
          const std::int64_t at = begin + index;
          const V half(T{0.5});
          V t[4][3];
          EFFV2_UNROLL for (int j = 0; j < 3; ++j) {
            const auto g = [&](int i) {
              const int tap = 3 * i + j;
              return lanes.load(w.data() + (turned ? 8 - tap : tap) * size + at);
            };
            const V sum = (g(0) + g(2)) * half, middle = g(1) * half;
            t[0][j] = g(0), t[1][j] = sum + middle, t[2][j] = sum - middle, t[3][j] = g(2);
          }
          EFFV2_UNROLL for (int i = 0; i < 4; ++i) {
            T* row = target + 4 * i * size + at;
            const V sum = (t[i][0] + t[i][2]) * half, middle = t[i][1] * half;
            lanes.store(row, t[i][0]);
            lanes.store(row + size, sum + middle);
            lanes.store(row + 2 * size, sum - middle);
            lanes.store(row + 3 * size, t[i][2]);
          }
        });
      });
  return result;
}

/// out (batch, grid.out_pixels, O) = the convolution of in (batch, grid.in_pixels, I) with the
/// transformed weights, plus bias (O) or nothing if it is empty, then the epilogue.
template <class T>
void winograd_conv2d(View<T> out, View<const T> in, const PackedView<T>& weights,
                     View<const T> bias, const WinogradGrid& grid, std::int64_t batch,
                     const Execution& run, const Epilogue<T>& epilogue = {}) {
  using Block = detail::WinogradBlock<T, RegisterTile<T>::rows>;
  constexpr std::int64_t lanes = RegisterTile<T>::columns;
  assert(weights.taps == winograd_points);
  const std::int64_t depth = weights.depth, columns = weights.columns;
  assert(in.size() == batch * grid.in_pixels() * depth);
  assert(out.size() == batch * grid.out_pixels() * columns);
  const std::int64_t tiles = batch * grid.tiles();
  const std::int64_t blocks = (tiles + Block::tiles - 1) / Block::tiles;
  if (epilogue.sums != nullptr) epilogue.sums->prepare(blocks, columns, run);

  const std::int64_t tasks = std::min(blocks, run.tasks_for(16));
  const std::int64_t patch_numbers = winograd_points * Block::tiles * depth;
  const std::int64_t product_numbers = winograd_points * Block::tiles * lanes;
  Tensor<T> scratch = run.scratch<T>({tasks, patch_numbers + product_numbers});
  Tensor<T> zeros = run.scratch<T>({depth});
  zeros.fill(T{});
  const int threads = run.threads_for(tiles * columns * depth);

  parallel_for(tasks, threads, [&](std::int64_t task) {
    T* patches = scratch.data() + task * (patch_numbers + product_numbers);
    T* products = patches + patch_numbers;
    const T* inputs[winograd_points * Block::tiles];
    T* outputs[winograd_points * Block::tiles];
    for (std::int64_t i = 0; i < winograd_points * Block::tiles; ++i) {
      inputs[i] = patches + i * depth, outputs[i] = products + i * lanes;
    }
    Block block;
    for (std::int64_t index = blocks * task / tasks; index < blocks * (task + 1) / tasks; ++index) {
      const std::int64_t first = index * Block::tiles;
      block.count = std::min(Block::tiles, tiles - first);
      block.locate(grid, in.data(), zeros.data(), depth, columns, first);
      block.transform_patches(patches, Block::tiles * depth, depth);
      for (std::int64_t panel = 0; panel < weights.panels(); ++panel) {
        const std::int64_t column = panel * lanes, valid = std::min(lanes, columns - column);
        detail::multiply_points<T>(outputs, inputs, Block::tiles, block.count, weights, panel);
        T* pixels[4 * Block::tiles];
        const T* const panel_bias = bias.empty() ? nullptr : bias.data() + column;
        const std::int64_t rows =
            block.write_pixels(out.data(), products, panel_bias, column, valid, pixels);
        detail::finish_rows<T>(epilogue, index, 0, out.data(), pixels, rows, column,
                               column + valid);
      }
    }
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
