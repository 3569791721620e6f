// Sums, and scalings by sample and by channel.
#pragma once

#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {
inline constexpr std::int64_t elementwise_grain = 16384;
}

/// y[i] = a[i] + b[i]; y may be either.
template <class T>
void add(View<T> y, View<const T> a, View<const T> b, const Execution& run) {
  parallel_chunks(y.size(), detail::elementwise_grain, run.threads_for(y.size()),
                  [=](std::int64_t begin, std::int64_t end) {
                    simd::for_each_vector<T>(end - begin, [&](std::int64_t i, auto lanes) {
                      const std::int64_t at = begin + i;
                      lanes.store(y.data() + at,
                                  lanes.stream(a.data() + at) + lanes.stream(b.data() + at));
                    });
                  });
}

/// y[i] = a[i] b[i]; y may be either.
template <class T>
void multiply(View<T> y, View<const T> a, View<const T> b, const Execution& run) {
  parallel_chunks(y.size(), detail::elementwise_grain, run.threads_for(y.size()),
                  [=](std::int64_t begin, std::int64_t end) {
                    simd::for_each_vector<T>(end - begin, [&](std::int64_t i, auto lanes) {
                      const std::int64_t at = begin + i;
                      lanes.store(y.data() + at,
                                  lanes.stream(a.data() + at) * lanes.stream(b.data() + at));
                    });
                  });
}

/// y[n, i] = x[n, i] scale[n]: DropPath, forward and backward. y may be x.
template <class T>
void scale_samples(View<T> y, View<const T> x, View<const T> scale, const Execution& run) {
  const std::int64_t batch = scale.size(), numbers = x.size() / batch;
  parallel_for(batch, run.threads_for(x.size()), [=](std::int64_t n) {
    const simd::Vector<T> factor(scale[n]);
    simd::for_each_vector<T>(numbers, [&](std::int64_t i, auto lanes) {
      const std::int64_t at = n * numbers + i;
      lanes.store(y.data() + at, lanes.stream(x.data() + at) * factor);
    });
  });
}

/// y[n, p, c] = x[n, p, c] scale[n, c]: the excitation. x (N, H, W, C), scale (N, C).
template <class T>
void scale_channels_forward(View<T> y, View<const T> x, View<const T> scale, const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  const std::int64_t pixels = x.extent(1) * x.extent(2);
  parallel_for(batch, run.threads_for(x.size()), [=](std::int64_t n) {
    const T* factor = scale.data() + n * channels;
    for (std::int64_t p = 0; p < pixels; ++p) {
      const std::int64_t row = (n * pixels + p) * channels;
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        lanes.store(y.data() + row + c, lanes.stream(x.data() + row + c) * lanes.load(factor + c));
      });
    }
  });
}

/// dscale[n, c] = sum over p of dy[n, p, c] x[n, p, c]: half of the excitation's gradient; the
/// other half, dx = dy scale, is scale_channels_forward.
template <class T>
void scale_channels_backward_scale(View<T> dscale, View<const T> dy, View<const T> x,
                                   const Execution& run) {
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  const std::int64_t pixels = x.extent(1) * x.extent(2);
  parallel_for(batch, run.threads_for(x.size()), [=](std::int64_t n) {
    simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
      simd::Vector<T> sum(T{});
      for (std::int64_t p = 0; p < pixels; ++p) {
        const std::int64_t at = (n * pixels + p) * channels + c;
        sum = simd::fma<T>(lanes.stream(dy.data() + at), lanes.stream(x.data() + at), sum);
      }
      lanes.store(dscale.data() + n * channels + c, sum);
    });
  });
}

/// dx[n, p, c] = dy[n, p, c] scale[n, c] + dmean[n, c] / P: both ways back through squeeze and
/// excitation, the scaled branch and the mean over the P pixels.
template <class T>
void squeeze_excite_backward_data(View<T> dx, View<const T> dy, View<const T> scale,
                                  View<const T> dmean, const Execution& run) {
  const std::int64_t batch = dx.extent(0), channels = dx.extent(3);
  const std::int64_t pixels = dx.extent(1) * dx.extent(2);
  const simd::Vector<T> inverse(T{1} / static_cast<T>(pixels));
  parallel_for(batch, run.threads_for(dx.size()), [=](std::int64_t n) {
    const T* factor = scale.data() + n * channels;
    const T* mean = dmean.data() + n * channels;
    for (std::int64_t p = 0; p < pixels; ++p) {
      const std::int64_t row = (n * pixels + p) * channels;
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        lanes.store(dx.data() + row + c,
                    simd::fma<T>(lanes.stream(dy.data() + row + c), lanes.load(factor + c),
                                 lanes.load(mean + c) * inverse));
      });
    }
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
