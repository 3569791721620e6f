// Random shapes and numbers for the tests, the same in every run.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <effv2/core/random.hpp>
#include <effv2/core/tensor.hpp>

namespace effv2::testing {

/// A sweep over `count` random cases: three times as many with EFFV2_LONG_TESTS, or a tenth where a
/// sanitiser makes each many times as slow.
inline int sweep(int count) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return count / 10;
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return count / 10;
#  endif
#endif
  return std::getenv("EFFV2_LONG_TESTS") != nullptr ? 3 * count : count;
}

/// Draws from one stream, one number after the other.
class Dice {
 public:
  explicit Dice(std::uint32_t stream) : random_{2021, stream, 0} {}

  /// Uniform in low ... high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + random_.below(static_cast<std::uint32_t>(high - low + 1), 0, next_++);
  }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(random_.uniform(0, next_++));
  }
  bool coin() { return between(0, 1) == 1; }

  template <class T>
  Tensor<T> tensor(const Shape& shape, double low = -1.0, double high = 1.0) {
    Tensor<T> values = Tensor<T>::uninitialized(shape);
    for (T& value : values) value = static_cast<T>(uniform(low, high));
    return values;
  }
  /// Small integers, whose sums of products are exact in any order.
  template <class T>
  Tensor<T> integers(const Shape& shape, std::int64_t low = -3, std::int64_t high = 3) {
    Tensor<T> values = Tensor<T>::uninitialized(shape);
    for (T& value : values) value = static_cast<T>(between(low, high));
    return values;
  }

 private:
  RandomStream random_;
  std::uint32_t next_ = 0;
};

}  // namespace effv2::testing
