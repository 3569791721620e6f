// Convolutions written as their definitions: slow, and easy to believe.
#pragma once

#include <cstdint>
#include <effv2/core/tensor.hpp>
#include <effv2/kernels/window.hpp>

namespace effv2::testing {

/// Calls body(n, oy, ox, ky, kx, iy, ix) for every tap of every output pixel inside of the picture.
template <class Body>
void for_each_tap(std::int64_t batch, const kernels::Window& w, Body&& body) {
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t oy = 0; oy < w.out_height; ++oy) {
      for (std::int64_t ox = 0; ox < w.out_width; ++ox) {
        for (std::int64_t ky = 0; ky < w.kernel; ++ky) {
          for (std::int64_t kx = 0; kx < w.kernel; ++kx) {
            const std::int64_t iy = oy * w.stride + ky - w.pad_top;
            const std::int64_t ix = ox * w.stride + kx - w.pad_left;
            if (iy < 0 || ix < 0 || iy >= w.in_height || ix >= w.in_width) continue;
            body(n, oy, ox, ky, kx, iy, ix);
          }
        }
      }
    }
  }
}

template <class T>
struct NaiveConv {
  Tensor<T> y, dx, dw;
};

/// y, and dx and dw for the cotangent dy, of a full convolution with weights (k, k, I, O).
template <class T>
NaiveConv<T> naive_conv2d(const Tensor<T>& x, const Tensor<T>& w, const Tensor<T>& dy,
                          const kernels::Window& window) {
  NaiveConv<T> result{Tensor<T>(dy.shape()), Tensor<T>(x.shape()), Tensor<T>(w.shape())};
  const std::int64_t in = w.extent(2), out = w.extent(3);
  for_each_tap(x.extent(0), window,
               [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
                 // The channels of one pixel lie side by side, as do a tap's weights.
                 const T *x_in = &x(n, iy, ix, 0), *dy_out = &dy(n, oy, ox, 0);
                 const T* w_tap = &w(ky, kx, 0, 0);
                 T *y_out = &result.y(n, oy, ox, 0), *dx_in = &result.dx(n, iy, ix, 0);
                 T* dw_tap = &result.dw(ky, kx, 0, 0);
                 for (std::int64_t i = 0; i < in; ++i) {
                   for (std::int64_t o = 0; o < out; ++o) {
                     y_out[o] += x_in[i] * w_tap[i * out + o];
                     dx_in[i] += dy_out[o] * w_tap[i * out + o];
                     dw_tap[i * out + o] += dy_out[o] * x_in[i];
                   }
                 }
               });
  return result;
}

/// The same for a depthwise convolution with weights (k, k, C).
template <class T>
NaiveConv<T> naive_depthwise(const Tensor<T>& x, const Tensor<T>& w, const Tensor<T>& dy,
                             const kernels::Window& window) {
  NaiveConv<T> result{Tensor<T>(dy.shape()), Tensor<T>(x.shape()), Tensor<T>(w.shape())};
  for_each_tap(x.extent(0), window,
               [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
                 for (std::int64_t c = 0; c < w.extent(2); ++c) {
                   result.y(n, oy, ox, c) += x(n, iy, ix, c) * w(ky, kx, c);
                   result.dx(n, iy, ix, c) += dy(n, oy, ox, c) * w(ky, kx, c);
                   result.dw(ky, kx, c) += dy(n, oy, ox, c) * x(n, iy, ix, c);
                 }
               });
  return result;
}

}  // namespace effv2::testing
