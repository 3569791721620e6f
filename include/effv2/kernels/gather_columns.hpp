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
inline constexpr std::int64_t narrow_channels = 8;

/// columns[n, p, t, i] = x[n, source(p, t), i], or 0 where the tap meets the padding.
/// columns (N * OH * OW, k k I), x (N, H, W, I); `plan` is the window's gather plan.
template <class T>
void gather_columns(View<T> columns, View<const T> x, const TapPlan& plan, std::int64_t kernel,
                    const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  const std::int64_t width = kernel * kernel * channels;
  assert(columns.size() == batch * plan.target_pixels * width);
  parallel_for(batch, run.threads_for(columns.size()), [=, &plan](std::int64_t n) {
    const T* image = x.data() + n * plan.source_pixels * channels;
    T* rows = columns.data() + n * plan.target_pixels * width;
    for (const TapGroup& group : plan.groups) {
      const std::size_t taps = group.taps.size();
      if (static_cast<std::int64_t>(taps) < kernel * kernel) {
        for (const std::int32_t target : group.targets) {
          std::fill_n(rows + target * width, width, T{});
        }
      }
      // Taps of one row of the window lie side by side in the picture: a run is one copy.
      for (std::size_t first = 0, last; first < taps; first = last) {
        last = first + 1;
        while (last < taps && group.taps[last] == group.taps[last - 1] + 1 &&
               group.taps[last] % kernel != 0) {
          ++last;
        }
        const std::int64_t count = static_cast<std::int64_t>(last - first) * channels;
        const std::int32_t* sources = group.sources_of(first);
        T* place = rows + group.taps[first] * channels;
        for (std::size_t i = 0; i < group.targets.size(); ++i) {
          T* target = place + group.targets[i] * width;
          const T* source = image + sources[i] * channels;
          simd::for_each_vector<T>(count, [&](std::int64_t c, auto lanes) {
            lanes.store(target + c, lanes.load(source + c));
          });
        }
      }
    }
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
