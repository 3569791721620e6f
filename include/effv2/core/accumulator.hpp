// Where a sum goes: onto what is there, or in place of it.
#pragma once

#include "isa.hpp"
#include "tensor.hpp"

namespace effv2::inline EFFV2_ISA {

/// The target of a kernel that sums into its result. A gradient that starts at zero need not be
/// filled with zeros first and read again: `adds` is false then, and what is there is overwritten.
template <class T>
struct Accumulator {
  View<T> values;
  bool adds = true;

  // NOLINTBEGIN(google-explicit-constructor): any tensor or view is a sum to add to
  Accumulator(View<T> view, bool adds_to_it = true) : values(view), adds(adds_to_it) {}
  Accumulator(Tensor<T>& tensor) : values(tensor) {}
  // NOLINTEND(google-explicit-constructor)
};

}  // namespace effv2::inline EFFV2_ISA
