// What layers check of the tensors that come in.
#pragma once

#include <cstdint>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::nn {

namespace detail {

// Checks that x is (N, H, W, C) and not empty; `who` begins the error.
inline void check_picture(const Shape& x, const char* who) {
  EFFV2_CHECK(x.rank() == 4 && x.size() > 0, ErrorCode::shape_mismatch, "[", who,
              "] expected (N, H, W, C) of at least one number, got ", x);
}

// The same, of so many channels.
inline void check_picture(const Shape& x, std::int64_t channels, const char* who) {
  check_picture(x, who);
  EFFV2_CHECK(x[3] == channels, ErrorCode::shape_mismatch, "[", who, "] expected ", channels,
              " input channels, got ", x[3], " in ", x);
}

// Checks the gradient that enters a backward pass.
template <class T>
void check_gradient(const Tensor<T>& dy, const Shape& expected, const char* who) {
  EFFV2_CHECK(dy.shape() == expected, ErrorCode::shape_mismatch, "[", who,
              "] expected a gradient of shape ", expected, ", got ", dy.shape());
}

}  // namespace detail

}  // namespace effv2::inline EFFV2_ISA::nn
