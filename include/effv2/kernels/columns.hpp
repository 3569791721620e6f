// im2col and col2im with columns written out, for inputs of a few channels.
//
// The indirect product spends a pointer per tap and row, which pays when a tap is many channels
// deep; and the data gradient's results are as narrow as a pixel. A picture of a few channels (the
// stem, LeNet's layers) is gathered first, and its gradient scattered last.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// Up to so many channels the columns are written out.
inline constexpr std::int64_t narrow_channels = 8;

namespace detail {

// Output pixels side by side whose windows have the same taps in the picture: `rows` rows of
// `count` taps, from tap (first_row, first) on.
struct TapStrip {
  std::int64_t out_pixel, repeats;
  std::int64_t first_row, rows, first, count;
  std::int64_t
      pixel;  // of the picture, that tap (first_row, first) of the first output pixel reads
};

// Calls body(strip) for all output pixels: those of a row whose windows lie between the picture's
// left and right edge are one strip, the others one each.
template <class Body>
void for_each_strip(const Window& w, Body&& body) {
  const auto inside = [&w](std::int64_t begin, std::int64_t size) {
    const std::int64_t first = std::max<std::int64_t>(-begin, 0);
    return std::pair(first, std::max<std::int64_t>(std::min(w.kernel, size - begin) - first, 0));
  };
  for (std::int64_t y = 0; y < w.out_height; ++y) {
    const std::int64_t top = y * w.stride - w.pad_top;
    const auto [first_row, rows] = inside(top, w.in_height);
    for (std::int64_t x = 0, repeats; x < w.out_width; x += repeats) {
      const std::int64_t left = x * w.stride - w.pad_left;
      const auto [first, count] = inside(left, w.in_width);
      // A window that touches neither edge is the first of its row to do so.
      repeats = count < w.kernel
                    ? 1
                    : std::min((w.in_width - w.kernel - left) / w.stride + 1, w.out_width - x);
      body(TapStrip{y * w.out_width + x, repeats, first_row, rows, first, count,
                    (top + first_row) * w.in_width + left + first});
    }
  }
}

// Copies runs of `count` > 0 numbers by blocks of a constant size, the last of which may overlap
// the one before. (Runs are a few numbers long: masked vectors were measured at half the speed.)
template <std::int64_t Block, class T>
void copy_runs(T* target, std::int64_t target_step, const T* source, std::int64_t source_step,
               std::int64_t count, std::int64_t repeats) {
  if constexpr (Block > 1) {
    if (count < Block) {
      copy_runs<Block / 2>(target, target_step, source, source_step, count, repeats);
      return;
    }
  }
  constexpr std::size_t bytes = Block * sizeof(T);
  for (std::int64_t r = 0; r < repeats; ++r, target += target_step, source += source_step) {
    for (std::int64_t i = 0; i + Block < count; i += Block) {
      std::memcpy(target + i, source + i, bytes);
    }
    std::memcpy(target + (count - Block), source + (count - Block), bytes);
  }
}

}  // namespace detail

/// columns[n, p, t, i] = x[n, source(p, t), i], or 0 where the tap meets the padding.
/// columns (N * OH * OW, k k I), x (N, H, W, I).
template <class T>
void gather_columns(View<T> columns, View<const T> x, const Window& window, const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  const std::int64_t pixels = window.in_pixels() * channels, width = window.taps() * channels;
  assert(columns.size() == batch * window.out_pixels() * width);
  parallel_for(batch, run.threads_for(columns.size()), [=](std::int64_t n) {
    const T* image = x.data() + n * pixels;
    T* image_columns = columns.data() + n * window.out_pixels() * width;
    detail::for_each_strip(window, [=](const detail::TapStrip& strip) {
      T* target = image_columns + strip.out_pixel * width;
      if (strip.rows * strip.count < window.taps()) std::fill_n(target, strip.repeats * width, T{});
      for (std::int64_t row = 0; row < strip.rows && strip.count > 0; ++row) {
        const std::int64_t tap = (strip.first_row + row) * window.kernel + strip.first;
        detail::copy_runs<simd::width<T>>(target + tap * channels, width,
                                          image + (strip.pixel + row * window.in_width) * channels,
                                          window.stride * channels, strip.count * channels,
                                          strip.repeats);
      }
    });
  });
}

/// The adjoint: dx[n, q, i] = sum over (p, t) with source(p, t) = q of dcolumns[n, p, t, i], plus
/// summand[n, q, i] unless that is empty.
/// dx (N, H, W, I), dcolumns (N * OH * OW, k k I).
template <class T>
void scatter_columns(View<T> dx, View<const T> dcolumns, View<const T> summand,
                     const Window& window, const Execution& run) {
  const std::int64_t batch = dx.extent(0), channels = dx.extent(3);
  const std::int64_t pixels = window.in_pixels() * channels, width = window.taps() * channels;
  assert(dcolumns.size() == batch * window.out_pixels() * width);
  parallel_for(batch, run.threads_for(dcolumns.size()), [=](std::int64_t n) {
    T* image = dx.data() + n * pixels;
    const T* image_columns = dcolumns.data() + n * window.out_pixels() * width;
    if (summand.empty()) {
      std::fill_n(image, pixels, T{});
    } else {
      std::copy_n(summand.data() + n * pixels, pixels, image);
    }
    detail::for_each_strip(window, [=](const detail::TapStrip& strip) {
      // Pixel by pixel: a window's rows are apart, but a row's next window adds to what this one
      // has just written.
      for (std::int64_t r = 0; r < strip.repeats; ++r) {
        for (std::int64_t row = 0; row < strip.rows; ++row) {
          const std::int64_t tap = (strip.first_row + row) * window.kernel + strip.first;
          const T* source = image_columns + (strip.out_pixel + r) * width + tap * channels;
          T* target = image + (strip.pixel + row * window.in_width + r * window.stride) * channels;
          simd::for_each_vector<T>(strip.count * channels, [&](std::int64_t c, auto lanes) {
            lanes.store(target + c, lanes.load(target + c) + lanes.load(source + c));
          });
        }
      }
    });
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
