// Depthwise convolution over NHWC pictures: one k x k filter per channel, weights (k, k, C).
// Channels are the vectors, so a 2 x 2 picture is as fast as a large one; taps that only see
// padding are not in the plan, so at 1 x 1 only the centre tap is computed.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "../core/accumulator.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "epilogue.hpp"
#include "partial_sums.hpp"
#include "row_blocks.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// out[row, c] = bias[c] + sum over taps of in[t][row][c] w[t, c], Vectors vectors of channels at a
// time; no bias is null.
template <class T, int Vectors>
void depthwise_channels(T* out, const T* const* in, const T* const* w, const T* bias,
                        std::size_t taps, std::int64_t c) {
  using V = simd::Vector<T>;
  V sum[Vectors];
  EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) {
    sum[v] = bias == nullptr ? V(T{}) : simd::load(bias + c + v * simd::width<T>);
  }
  for (std::size_t t = 0; t < taps; ++t) {
    EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) {
      const std::int64_t at = c + v * simd::width<T>;
      sum[v] = simd::fma<T>(simd::load(in[t] + at), simd::load(w[t] + at), sum[v]);
    }
  }
  EFFV2_UNROLL for (int v = 0; v < Vectors; ++v) {
    simd::store<T>(out + c + v * simd::width<T>, sum[v]);
  }
}

// Rows of a block, and the most taps they have (a 7 x 7 window).
inline constexpr std::int64_t depthwise_rows = 16, depthwise_taps = 49;

// The rows of one block, to which `outputs` comes to point: out = in gathered through the plan,
// times the weights tap by tap. A row after the other, four vectors of channels at a time: as many
// sums as hide the latency of the multiply-add, and the taps' weights stay in the first-level cache
// from row to row. What is left of the channels goes a vector at a time.
template <class T>
void depthwise_block(T** outputs, T* out, const T* in, const T* w, const T* bias,
                     const TapPlan& plan, const RowBlock& rows, std::int64_t channels) {
  constexpr int unroll = 4;
  constexpr std::int64_t step = unroll * simd::width<T>;
  const TapGroup& group = *rows.group;
  const std::size_t taps = group.taps.size();
  assert(taps <= std::size_t{depthwise_taps});
  const T* weights[depthwise_taps];
  const T* inputs[depthwise_taps][depthwise_rows];
  row_pointers(outputs, out, rows, group.targets.data(), plan.target_pixels, channels);
  for (std::size_t t = 0; t < taps; ++t) {
    weights[t] = w + group.taps[t] * channels;
    row_pointers(inputs[t], in, rows, group.sources_of(t), plan.source_pixels, channels);
  }
  for (std::int64_t row = 0; row < rows.count; ++row) {
    const T* in_row[depthwise_taps];
    for (std::size_t t = 0; t < taps; ++t) in_row[t] = inputs[t][row];
    T* target = outputs[row];
    std::int64_t c = 0;
    for (; c + step <= channels; c += step) {
      depthwise_channels<T, unroll>(target, in_row, weights, bias, taps, c);
    }
    simd::for_each_vector<T>(channels - c, [&](std::int64_t i, auto lanes) {
      simd::Vector<T> sum = bias == nullptr ? simd::Vector<T>(T{}) : lanes.load(bias + c + i);
      for (std::size_t t = 0; t < taps; ++t) {
        sum = simd::fma<T>(lanes.load(in_row[t] + c + i), lanes.load(weights[t] + c + i), sum);
      }
      lanes.store(target + c + i, sum);
    });
  }
}

// All blocks of a plan.
template <class T>
void depthwise_gather(View<T> out, View<const T> in, View<const T> w, View<const T> bias,
                      const TapPlan& plan, std::int64_t batch, const Execution& run,
                      const Epilogue<T>& epilogue) {
  const std::int64_t channels = in.extent(3);
  constexpr std::int64_t image_numbers = (1 << 18) / sizeof(T);
  const RowBlocks blocks(plan, batch, channels, image_numbers, depthwise_rows, depthwise_rows);
  if (epilogue.sums != nullptr) epilogue.sums->prepare(blocks.size(), channels, run);
  const std::int64_t tasks = std::min(blocks.size(), run.tasks_for(8));
  parallel_for(tasks, run.threads_for(out.size() * 2), [&](std::int64_t task) {
    blocks.for_each(
        blocks.size() * task / tasks, blocks.size() * (task + 1) / tasks,
        [&](std::int64_t index, const RowBlock& rows) {
          T* outputs[depthwise_rows];
          depthwise_block<T>(outputs, out.data(), in.data(), w.data(),
                             bias.empty() ? nullptr : bias.data(), plan, rows, channels);
          finish_rows<T>(epilogue, index, 0, out.data(), outputs, rows.count, 0, channels);
        });
  });
}

// sum[c] += sum over rows of a[row][c] b[row][c] for the channels [first, last).
template <class T>
void accumulate_products(T* sum, const T* const* a, const T* const* b, std::int64_t rows,
                         std::int64_t first, std::int64_t last) {
  using V = simd::Vector<T>;
  constexpr int unroll = 4;
  constexpr std::int64_t width = simd::width<T>;
  std::int64_t c = first;
  for (; c + unroll * width <= last; c += unroll * width) {
    V total[unroll];
    EFFV2_UNROLL for (int v = 0; v < unroll; ++v) total[v] = simd::load(sum + c + v * width);
    for (std::int64_t row = 0; row < rows; ++row) {
      const T *x = a[row] + c, *y = b[row] + c;
      EFFV2_UNROLL for (int v = 0; v < unroll; ++v) {
        total[v] = simd::fma<T>(simd::load(x + v * width), simd::load(y + v * width), total[v]);
      }
    }
    EFFV2_UNROLL for (int v = 0; v < unroll; ++v) simd::store<T>(sum + c + v * width, total[v]);
  }
  simd::for_each_vector<T>(last - c, [&](std::int64_t i, auto lanes) {
    V total = lanes.load(sum + c + i);
    for (std::int64_t row = 0; row < rows; ++row) {
      total = simd::fma<T>(lanes.load(a[row] + c + i), lanes.load(b[row] + c + i), total);
    }
    lanes.store(sum + c + i, total);
  });
}

}  // namespace detail

/// y[n, p, c] = bias[c] + sum over taps t of  x[n, source(p, t), c] w[t, c]
///
/// y (N, OH, OW, C), x (N, H, W, C), w (k, k, C); bias (C) or empty; then the epilogue.
template <class T>
void depthwise_conv2d_forward(View<T> y, View<const T> x, View<const T> w, View<const T> bias,
                              const WindowPlan& plan, const Execution& run,
                              const Epilogue<T>& epilogue = {}) {
  detail::depthwise_gather<T>(y, x, w, bias, plan.gather(), x.extent(0), run, epilogue);
}

/// dx[n, q, c] = sum over taps t of  dy[n, reader(q, t), c] w[t, c], plus summand[n, q, c] unless
/// that is empty.
template <class T>
void depthwise_conv2d_backward_data(View<T> dx, View<const T> dy, View<const T> w,
                                    const WindowPlan& plan, const Execution& run,
                                    View<const T> summand = {}) {
  detail::depthwise_gather<T>(dx, dy, w, {}, plan.scatter(), dy.extent(0), run,
                              {.summand = summand});
}

/// dw[t, c] += sum over images n, pixels p of  x[n, source(p, t), c] dy[n, p, c]
template <class T>
void depthwise_conv2d_backward_weights(const Accumulator<T>& dw, View<const T> dy, View<const T> x,
                                       const WindowPlan& plan, const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  constexpr std::int64_t block = 64, channel_block = 64;
  const std::int64_t parts = (channels + channel_block - 1) / channel_block;
  constexpr std::int64_t image_numbers = (1 << 20) / sizeof(T);
  const TapPlan& gather = plan.gather();
  const detail::RowBlocks list(gather, batch, channels, image_numbers, block, block);
  const std::int64_t blocks = list.size();
  const std::int64_t slices = slice_count(parts, blocks, blocks);
  const std::int64_t size = dw.values.size();
  Tensor<T> partials = run.scratch<T>({slices, size});
  partials.fill(T{});
  parallel_for(parts * slices, run.threads_for(dy.size() * 4), [&](std::int64_t task) {
    const std::int64_t slice = task / parts, first = task % parts * channel_block;
    const std::int64_t last = std::min(channels, first + channel_block);
    T* target = partials.data() + slice * size;
    const T *dy_rows[block], *x_rows[block];
    list.for_each(blocks * slice / slices, blocks * (slice + 1) / slices,
                  [&](std::int64_t, const detail::RowBlock& rows) {
                    const TapGroup& group = *rows.group;
                    detail::row_pointers(dy_rows, dy.data(), rows, group.targets.data(),
                                         gather.target_pixels, channels);
                    for (std::size_t t = 0; t < group.taps.size(); ++t) {
                      detail::row_pointers(x_rows, x.data(), rows, group.sources_of(t),
                                           gather.source_pixels, channels);
                      detail::accumulate_products<T>(target + group.taps[t] * channels, x_rows,
                                                     dy_rows, rows.count, first, last);
                    }
                  });
  });
  add_partial_sums<T, T>(dw, partials, run);
}

}  // namespace effv2::inline EFFV2_ISA::kernels
