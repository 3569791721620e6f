// What layers check of the tensors that come in.
#pragma once

#include <cstdint>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::nn {

namespace detail {

// Checks that x is (N, H, W, C) and not empty; `who` begins the error.
template <class T>
void check_picture(const Tensor<T>& x, const char* who) {
  EFFV2_CHECK(x.rank() == 4 && !x.empty(), ErrorCode::shape_mismatch, "[", who,
              "] expected (N, H, W, C) of at least one number, got ", x.shape());
}

// The same, of so many channels.
template <class T>
void check_picture(const Tensor<T>& x, std::int64_t channels, const char* who) {
  check_picture(x, who);
  EFFV2_CHECK(x.extent(3) == channels, ErrorCode::shape_mismatch, "[", who, "] expected ", channels,
              " input channels, got ", x.extent(3), " in ", x.shape());
}

// Checks the gradient that enters a backward pass.
template <class T>
void check_gradient(const Tensor<T>& dy, const Shape& expected, const char* who) {
  EFFV2_CHECK(dy.shape() == expected, ErrorCode::shape_mismatch, "[", who,
              "] expected a gradient of shape ", expected, ", got ", dy.shape());
}

}  // namespace detail

}  // namespace effv2::inline EFFV2_ISA::nn
