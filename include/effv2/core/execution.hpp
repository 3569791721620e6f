// Where and with what a kernel runs.
#pragma once

#include <cstdint>
#include <memory>

#include "isa.hpp"
#include "memory.hpp"
#include "parallel.hpp"
#include "shape.hpp"
#include "tensor.hpp"

namespace effv2::inline EFFV2_ISA {

/// The last argument of every kernel: a thread count, and the pool its scratch memory comes from.
/// Cheap to copy; one per thread of the caller.
struct Execution {
  int threads = available_threads();
  std::shared_ptr<MemoryPool> pool = std::make_shared<MemoryPool>();

  Execution() = default;
  explicit Execution(int requested_threads) : threads(clamp_threads(requested_threads)) {}

  /// A tensor with arbitrary values; its memory returns to the pool when it goes.
  template <class T>
  Tensor<T> scratch(const Shape& shape) const {
    return Tensor<T>::uninitialized(shape, pool.get());
  }

  /// How many threads a pass over `elements` numbers deserves: waking a team costs about as much as
  /// streaming a few thousand numbers.
  int threads_for(std::int64_t elements) const {
    constexpr std::int64_t elements_per_thread = 8192;
    const std::int64_t useful = elements / elements_per_thread + 1;
    return static_cast<int>(std::min<std::int64_t>(threads, useful));
  }
};

}  // namespace effv2::inline EFFV2_ISA
