// The passes of squeeze-and-excitation over pictures: with m the mean over the P pixels and
// s = gate(m), y[n, p, c] = x[n, p, c] s[n, c].
//
// A picture may be given as it is, or as the x of a batch norm whose result f(scale x + shift) was
// never written: then every pass computes it again, which is cheaper than writing and reading it.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "activation.hpp"
#include "batch_norm.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

// body(n, begin, end) for every image and some of its channels, in parallel. Few images are cut
// into pieces of channels; a result is computed by one task whichever way.
template <class Body>
void for_each_image_channels(std::int64_t batch, std::int64_t channels, int threads, Body&& body) {
  constexpr std::int64_t fewest_channels = 64, wanted_tasks = 16;
  const std::int64_t parts = std::clamp<std::int64_t>(
      channels / fewest_channels, 1, std::max<std::int64_t>(1, wanted_tasks / batch));
  parallel_for(batch * parts, threads, [=](std::int64_t task) {
    const std::int64_t part = task % parts;
    body(task / parts, channels * part / parts, channels * (part + 1) / parts);
  });
}

// result[n, c] = factor sum over p of term(value, (n, p, c), c, lanes), with value = f(scale x +
// shift), or x without a normalization. A part of the pixels after the other: on a large even
// picture one sum of them all would round off the same way in each addition.
template <class T, class Term>
void sum_pixels(View<T> result, View<const T> x, const Normalization<T>& normalization, T factor,
                const Execution& run, Term&& term) {
  using V = simd::Vector<T>;
  const std::int64_t batch = x.extent(0), channels = x.extent(3);
  const std::int64_t pixels = x.size() / (batch * channels);
  assert(result.size() == batch * channels);
  // As many parts as a part has pixels, where these are many.
  const std::int64_t part_pixels =
      std::max<std::int64_t>(256, std::llround(std::sqrt(static_cast<double>(pixels))));
  const int threads = run.threads_for(x.size());
  const bool plain = normalization.scale.empty();
  const T *scales = normalization.scale.data(), *shifts = normalization.shift.data();
  with_activation(plain ? ActivationKind::identity : normalization.activation, [&](auto f) {
    for_each_image_channels(
        batch, channels, threads, [=](std::int64_t n, std::int64_t begin, std::int64_t end) {
          simd::for_each_vector<T>(end - begin, [&](std::int64_t i, auto lanes) {
            const std::int64_t c = begin + i;
            const V scale = plain ? V(T{1}) : lanes.load(scales + c);
            const V shift = plain ? V(T{}) : lanes.load(shifts + c);
            V sum(T{});
            for (std::int64_t first = 0; first < pixels; first += part_pixels) {
              const std::int64_t last = std::min(pixels, first + part_pixels);
              V part(T{});
              for (std::int64_t p = first; p < last; ++p) {
                const std::int64_t at = (n * pixels + p) * channels + c;
                const V u = simd::fma<T>(scale, lanes.load(x.data() + at), shift);
                part = term(f.template value<T>(u), at, lanes, part);
              }
              sum += part;
            }
            lanes.store(result.data() + n * channels + c, sum * V(factor));
          });
        });
  });
}

}  // namespace detail

/// mean[n, c] = 1 / P  sum over p of y[n, p, c], with y = x or what `normalization` makes of it.
template <class T>
void squeeze_forward(View<T> mean, View<const T> x, const Execution& run,
                     const Normalization<T>& normalization = {}) {
  using V = simd::Vector<T>;
  const T pixels = static_cast<T>(x.size() / mean.size());
  detail::sum_pixels<T>(mean, x, normalization, T{1} / pixels, run,
                        [](const V& y, std::int64_t, auto, const V& sum) { return sum + y; });
}

/// y[n, p, c] = x[n, p, c] gate[n, c]; y may be x.
template <class T>
void excite_forward(View<T> y, View<const T> x, View<const T> gate, const Execution& run) {
  const std::int64_t channels = x.extent(3), rows = x.size() / channels;
  assert(y.size() == x.size() && gate.size() == x.extent(0) * channels);
  const std::int64_t pixels = rows * channels / gate.size();
  detail::for_each_rows(rows, channels, run, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* factor = gate.data() + row / pixels * channels;
      const std::int64_t at = row * channels;
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        lanes.store(y.data() + at + c, lanes.stream(x.data() + at + c) * lanes.load(factor + c));
      });
    }
  });
}

/// dgate[n, c] = sum over p of dz[n, p, c] y[n, p, c] for z = y gate, with y = x or what
/// `normalization` makes of it.
template <class T>
void excite_backward_gate(View<T> dgate, View<const T> dz, View<const T> x, const Execution& run,
                          const Normalization<T>& normalization = {}) {
  using V = simd::Vector<T>;
  assert(dz.size() == x.size());
  detail::sum_pixels<T>(dgate, x, normalization, T{1}, run,
                        [=](const V& y, std::int64_t at, auto lanes, const V& sum) {
                          return simd::fma<T>(lanes.load(dz.data() + at), y, sum);
                        });
}

/// dx[n, p, c] = dz[n, p, c] gate[n, c] + dmean[n, c] / P: both ways back, the excited picture and
/// the mean over its pixels.
template <class T>
void squeeze_excite_backward_data(View<T> dx, View<const T> dz, View<const T> gate,
                                  View<const T> dmean, const Execution& run) {
  const std::int64_t batch = dx.extent(0), channels = dx.extent(3);
  const std::int64_t pixels = dx.size() / (batch * channels);
  assert(dz.size() == dx.size() && gate.size() == batch * channels && dmean.size() == gate.size());
  const simd::Vector<T> inverse(T{1} / static_cast<T>(pixels));
  parallel_for(batch, run.threads_for(dx.size()), [=](std::int64_t n) {
    const T* factor = gate.data() + n * channels;
    const T* mean = dmean.data() + n * channels;
    for (std::int64_t p = 0; p < pixels; ++p) {
      const std::int64_t row = (n * pixels + p) * channels;
      simd::for_each_vector<T>(channels, [&](std::int64_t c, auto lanes) {
        lanes.store(dx.data() + row + c,
                    simd::fma<T>(lanes.stream(dz.data() + row + c), lanes.load(factor + c),
                                 lanes.load(mean + c) * inverse));
      });
    }
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
