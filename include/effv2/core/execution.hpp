// Where and with what a kernel runs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "isa.hpp"
#include "memory.hpp"
#include "parallel.hpp"
#include "shape.hpp"
#include "tensor.hpp"

namespace effv2::inline EFFV2_ISA {

/// What kernels that work on pictures are called with, after inputs and outputs: a thread count,
/// and the pool their scratch memory comes from. Cheap to copy; one per thread of the caller.
class Execution {
 public:
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();

  /// On all available cores, or on so many threads (clamp_threads).
  Execution() : Execution(0) {}
  explicit Execution(int threads) : threads_(clamp_threads(threads)) {}

  int threads() const { return threads_; }

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
    return static_cast<int>(std::min<std::int64_t>(threads_, useful));
  }

  /// How many tasks to cut a loop into whose results do not depend on it: one for one thread, else
  /// `each` for every thread, so that one that is done can help another.
  std::int64_t tasks_for(std::int64_t each) const { return threads_ == 1 ? 1 : each * threads_; }

 private:
  int threads_;
};

}  // namespace effv2::inline EFFV2_ISA
