// im2col with its columns written out, for inputs of a few channels.
//
// The indirect product spends a pointer per tap and row, which pays when a tap is many channels
// deep. A picture of one or three channels (the stem) is gathered first.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "window.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

/// Below so many channels the columns are written out.
inline constexpr std::int64_t narrow_channels = 4;

namespace detail {

// Taps of a window's row lie side by side in the picture: a run of them is one copy.
struct TapRun {
  std::int64_t source, target, count;  // in numbers, from the pixel of the first tap and in the row
};

// The runs of a group. Their distances in the picture are the same for all its pixels.
inline std::int64_t find_runs(TapRun* runs, const TapGroup& group, std::int64_t kernel,
                              std::int64_t channels) {
  std::int64_t count = 0;
  for (std::size_t first = 0, last; first < group.taps.size(); first = last) {
    last = first + 1;
    while (last < group.taps.size() && group.taps[last] == group.taps[last - 1] + 1 &&
           group.taps[last] % kernel != 0) {
      ++last;
    }
    runs[count++] = {(group.sources_of(first)[0] - group.sources_of(0)[0]) * channels,
                     group.taps[first] * channels,
                     static_cast<std::int64_t>(last - first) * channels};
  }
  return count;
}

}  // namespace detail

/// columns[n, p, t, i] = x[n, source(p, t), i], or 0 where the tap meets the padding.
/// columns (N * OH * OW, k k I), x (N, H, W, I); `plan` is the window's gather plan.
template <class T>
void gather_columns(View<T> columns, View<const T> x, const TapPlan& plan, std::int64_t kernel,
                    const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  const std::int64_t width = kernel * kernel * channels;
  assert(columns.size() == batch * plan.target_pixels * width && kernel * kernel <= max_taps);
  parallel_for(batch, run.threads_for(columns.size()), [=, &plan](std::int64_t n) {
    const T* image = x.data() + n * plan.source_pixels * channels;
    T* rows = columns.data() + n * plan.target_pixels * width;
    detail::TapRun runs[max_kernel];
    for (const TapGroup& group : plan.groups) {
      const std::int64_t run_count = detail::find_runs(runs, group, kernel, channels);
      const bool padded = static_cast<std::int64_t>(group.taps.size()) < kernel * kernel;
      for (std::size_t i = 0; i < group.targets.size(); ++i) {
        T* target = rows + group.targets[i] * width;
        if (padded) std::fill_n(target, width, T{});
        if (run_count == 0) continue;
        const T* source = image + group.sources_of(0)[i] * channels;
        for (std::int64_t r = 0; r < run_count; ++r) {
          simd::for_each_vector<T>(runs[r].count, [&](std::int64_t c, auto lanes) {
            lanes.store(target + runs[r].target + c, lanes.load(source + runs[r].source + c));
          });
        }
      }
    }
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
