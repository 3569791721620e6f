// A dense, row-major tensor that owns its memory, and a view that does not.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "error.hpp"
#include "isa.hpp"
#include "memory.hpp"
#include "shape.hpp"

namespace effv2::inline EFFV2_ISA {

/// A pointer and a shape: how kernels see tensors. `View<const T>` reads, `View<T>` writes.
template <class T>
class View {
 public:
  View() : shape_{0} {}
  View(T* data, const Shape& shape) : data_(data), shape_(shape) {}

  template <class U>
  requires std::is_same_v<const U, T> View(const View<U>& other)
      : data_(other.data()), shape_(other.shape()) {}

  T* data() const { return data_; }
  const Shape& shape() const { return shape_; }
  std::int64_t extent(int axis) const { return shape_[axis]; }
  std::int64_t size() const { return shape_.size(); }
  bool empty() const { return size() == 0; }
  std::span<T> span() const { return {data_, static_cast<std::size_t>(size())}; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size(); }
  T& operator[](std::int64_t index) const {
    assert(index >= 0 && index < size());
    return data_[index];
  }

 private:
  T* data_ = nullptr;
  Shape shape_;
};

/// Owning, 64-byte aligned, row-major. Moves are cheap; a copy is deep and has to be written as
/// one: `Tensor<float> b(a)`, or `b = a` into a tensor that is there. None happens by passing or
/// returning one. T is a trivially copyable type.
template <class T>
class Tensor {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using value_type = T;

  /// No elements; shape (0).
  Tensor() : shape_{0} {}

  /// All elements zero.
  explicit Tensor(const Shape& shape) : Tensor(uninitialized(shape)) { fill(T{}); }

  explicit Tensor(const Tensor& other) : Tensor(uninitialized(other.shape_)) {
    std::copy(other.begin(), other.end(), begin());
  }
  Tensor(Tensor&& other) noexcept
      : block_(std::move(other.block_)), shape_(std::exchange(other.shape_, Shape{0})) {}
  Tensor& operator=(const Tensor& other) {
    if (this == &other) return *this;
    if (size() != other.size()) *this = uninitialized(other.shape_);
    shape_ = other.shape_;
    std::copy(other.begin(), other.end(), begin());
    return *this;
  }
  Tensor& operator=(Tensor&& other) noexcept {
    block_ = std::move(other.block_);
    shape_ = std::exchange(other.shape_, Shape{0});
    return *this;
  }
  ~Tensor() = default;

  /// Elements with arbitrary values, from `pool` if one is given.
  static Tensor uninitialized(const Shape& shape, MemoryPool* pool = nullptr) {
    Tensor tensor;
    const auto bytes = static_cast<std::size_t>(
        checked_product(shape.size(), static_cast<std::int64_t>(sizeof(T))));
    if (bytes > 0) tensor.block_ = pool != nullptr ? pool->take(bytes) : Block::allocate(bytes);
    tensor.shape_ = shape;
    return tensor;
  }

  static Tensor filled(const Shape& shape, T value) {
    Tensor tensor = uninitialized(shape);
    tensor.fill(value);
    return tensor;
  }

  /// A copy of `values`, of which there must be exactly shape.size().
  static Tensor from(const Shape& shape, std::span<const T> values) {
    EFFV2_CHECK(static_cast<std::int64_t>(values.size()) == shape.size(), ErrorCode::shape_mismatch,
                "[tensor] ", values.size(), " values for shape ", shape);
    Tensor tensor = uninitialized(shape);
    std::copy(values.begin(), values.end(), tensor.begin());
    return tensor;
  }

  T* data() { return reinterpret_cast<T*>(block_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(block_.data()); }
  const Shape& shape() const { return shape_; }
  std::int64_t extent(int axis) const { return shape_[axis]; }
  int rank() const { return shape_.rank(); }
  std::int64_t size() const { return shape_.size(); }
  bool empty() const { return size() == 0; }

  std::span<T> span() { return {data(), static_cast<std::size_t>(size())}; }
  std::span<const T> span() const { return {data(), static_cast<std::size_t>(size())}; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }

  T& operator[](std::int64_t index) {
    assert(index >= 0 && index < size());
    return data()[index];
  }
  const T& operator[](std::int64_t index) const {
    assert(index >= 0 && index < size());
    return data()[index];
  }

  /// tensor(n, y, x, c): one index per axis.
  template <std::integral... Index>
  T& operator()(Index... index) {
    return data()[offset({static_cast<std::int64_t>(index)...})];
  }
  template <std::integral... Index>
  const T& operator()(Index... index) const {
    return data()[offset({static_cast<std::int64_t>(index)...})];
  }

  void fill(T value) { std::fill(begin(), end(), value); }

  /// The same elements in another shape of equal size.
  void reshape(const Shape& shape) {
    EFFV2_CHECK(shape.size() == size(), ErrorCode::shape_mismatch, "[tensor] cannot reshape ",
                shape_, " to ", shape);
    shape_ = shape;
  }

  View<T> view() { return {data(), shape_}; }
  View<const T> view() const { return {data(), shape_}; }
  operator View<T>() { return view(); }
  operator View<const T>() const { return view(); }

 private:
  std::int64_t offset(std::initializer_list<std::int64_t> indices) const {
    assert(static_cast<int>(indices.size()) == rank());
    std::int64_t position = 0;
    int axis = 0;
    for (const std::int64_t index : indices) {
      assert(index >= 0 && index < shape_[axis]);
      position = position * shape_[axis++] + index;
    }
    return position;
  }

  Block block_;
  Shape shape_;
};

/// Whether no number is NaN or infinite.
template <class T>
bool is_finite(View<const T> values) {
  for (std::int64_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return false;
  }
  return true;
}

}  // namespace effv2::inline EFFV2_ISA
