// The extents of a tensor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "error.hpp"
#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

/// a * b for extents and sizes; throws Error(overflow) instead of wrapping around.
inline std::int64_t checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  EFFV2_CHECK(!__builtin_mul_overflow(a, b, &product), ErrorCode::overflow, "[shape] ", a, " x ", b,
              " does not fit into 64 bits");
  return product;
}

/// Up to six non-negative extents; the rank-0 shape has one element. Images are (N, H, W, C),
/// convolution weights (kernel height, kernel width, input channels, output channels).
class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;

  Shape(std::initializer_list<std::int64_t> extents) {
    EFFV2_CHECK(extents.size() <= max_rank, ErrorCode::invalid_argument,
                "[shape] expected at most ", max_rank, " extents, got ", extents.size());
    for (const std::int64_t extent : extents) append(extent);
  }

  /// Adds an innermost extent.
  void append(std::int64_t extent) {
    EFFV2_CHECK(rank_ < max_rank, ErrorCode::invalid_argument, "[shape] expected at most ",
                max_rank, " extents");
    EFFV2_CHECK(extent >= 0, ErrorCode::invalid_argument, "[shape] expected an extent >= 0, got ",
                extent);
    size_ = checked_product(size_, extent);
    extents_[static_cast<std::size_t>(rank_++)] = extent;
  }

  int rank() const { return rank_; }
  std::int64_t size() const { return size_; }

  std::int64_t operator[](int axis) const {
    EFFV2_CHECK(axis >= 0 && axis < rank_, ErrorCode::invalid_argument, "[shape] axis ", axis,
                " of a rank-", rank_, " shape");
    return extents_[static_cast<std::size_t>(axis)];
  }

  bool operator==(const Shape&) const = default;

  /// "(8, 28, 28, 32)"
  std::string to_string() const {
    std::string text = "(";
    for (int axis = 0; axis < rank_; ++axis) {
      if (axis > 0) text += ", ";
      text += std::to_string(extents_[static_cast<std::size_t>(axis)]);
    }
    return text + ")";
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};  // unused extents stay 0, so == may compare all
  std::int64_t size_ = 1;
  int rank_ = 0;
};

}  // namespace effv2::inline EFFV2_ISA
