// What a layer owns: parameters that are trained and state that is tracked.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "../core/accumulator.hpp"
#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/parallel.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// How a parameter starts. Scale is the deviation or the half width.
struct Initializer {
  enum class Kind { constant, normal, uniform } kind = Kind::constant;
  double scale = 0.0;

  static Initializer constant(double value) { return {Kind::constant, value}; }
  static Initializer normal(double deviation) { return {Kind::normal, deviation}; }
  static Initializer uniform(double half_width) { return {Kind::uniform, half_width}; }

  template <class T>
  void fill(View<T> values, const RandomStream& random) const {
    constexpr std::int64_t grain = 1 << 14;
    parallel_chunks(values.size(), grain, available_threads(),
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        values[i] = static_cast<T>(draw(random, static_cast<std::uint64_t>(i)));
                      }
                    });
  }

 private:
  double draw(const RandomStream& random, std::uint64_t index) const {
    const auto high = static_cast<std::uint32_t>(index >> 32);
    const auto low = static_cast<std::uint32_t>(index);
    switch (kind) {
      case Kind::normal:
        return scale * random.normal(high, low);
      case Kind::uniform:
        return scale * (2.0 * static_cast<double>(random.uniform(high, low)) - 1.0);
      default:
        return scale;
    }
  }
};

namespace detail {

// Unique in the process and higher than all before, or 0: no value. Whoever is assigned another's
// value has changed: an assignment raises it as well. What was moved from has no value.
class Version {
 public:
  Version() = default;
  Version(const Version&) = default;
  Version& operator=(const Version& other) noexcept {
    number_ = other.number_ == 0 ? 0 : next();
    return *this;
  }
  Version(Version&& other) noexcept : number_(std::exchange(other.number_, 0)) {}
  Version& operator=(Version&& other) noexcept {
    const bool has_value = std::exchange(other.number_, 0) != 0;
    number_ = has_value ? next() : 0;
    return *this;
  }

  void raise() noexcept { number_ = next(); }
  std::uint64_t number() const { return number_; }

 private:
  EFFV2_ONE_PER_PROGRAM static std::uint64_t next() noexcept {
    static std::atomic<std::uint64_t> newest{0};
    return ++newest;
  }

  std::uint64_t number_ = 0;
};

}  // namespace detail

/// A tensor that changes rarely and knows when: every edit or assignment gives it a new version, by
/// which packed copies of it notice that they are stale.
template <class T>
class Variable {
 public:
  Variable() = default;
  Variable(const Shape& shape, Initializer initializer)
      : value_(Tensor<T>::uninitialized(shape)), initializer_(initializer) {
    if (initializer.kind == Initializer::Kind::constant) initialize({});
  }

  const Tensor<T>& value() const {
    EFFV2_CHECK(version() > 0, ErrorCode::invalid_argument,
                "[parameter] weights without values: call initialize(model, seed) or load them");
    return value_;
  }
  /// The value, to be changed: raises the version. Do not keep the reference.
  Tensor<T>& edit() {
    version_.raise();
    return value_;
  }

  void initialize(const RandomStream& random) { initializer_.fill<T>(edit(), random); }
  const Initializer& initializer() const { return initializer_; }

  const Shape& shape() const { return value_.shape(); }
  std::int64_t size() const { return value_.size(); }
  std::uint64_t version() const { return version_.number(); }
  bool empty() const { return value_.empty(); }

  /// Frozen parameters get no gradient and no update; frozen statistics are used and not tracked.
  bool frozen = false;

 private:
  Tensor<T> value_;
  Initializer initializer_;
  detail::Version version_;
};

/// Tracked but not trained: the running statistics of batch norm.
template <class T>
class State : public Variable<T> {
 public:
  using Variable<T>::Variable;
};

enum class WeightDecay { yes, no };

/// Trained: a value and its gradient, into which every backward pass adds. A copy has the value;
/// its gradient is zero.
template <class T>
class Parameter : public Variable<T> {
 public:
  Parameter() = default;
  Parameter(const Shape& shape, Initializer initializer, WeightDecay decay)
      : Variable<T>(shape, initializer), decays(decay == WeightDecay::yes) {}

  Parameter(const Parameter& other) : Variable<T>(other), decays(other.decays) {}
  Parameter(Parameter&&) noexcept = default;
  Parameter& operator=(const Parameter& other) {
    Variable<T>::operator=(other);
    decays = other.decays;
    if (gradient_.shape() != this->shape()) gradient_ = {};
    clear_gradient();
    return *this;
  }
  Parameter& operator=(Parameter&&) noexcept = default;
  ~Parameter() = default;

  /// Zero until a backward pass has added to it; allocated on first use.
  Tensor<T>& gradient() {
    allocate();
    if (std::exchange(cleared_, false)) gradient_.fill(T{});
    return gradient_;
  }

  /// The same for kernels that can also overwrite: a cleared gradient is not filled with zeros.
  Accumulator<T> accumulator() {
    allocate();
    return {gradient_.view(), !std::exchange(cleared_, false)};
  }

  /// Makes the gradient zero, at no cost until somebody looks.
  void clear_gradient() { cleared_ = true; }

  /// Whether weight decay applies: not to biases and not to batch norm.
  bool decays = true;

 private:
  void allocate() {
    if (!gradient_.empty() || this->empty()) return;
    gradient_ = Tensor<T>::uninitialized(this->shape());
    cleared_ = true;
  }

  Tensor<T> gradient_;
  bool cleared_ = false;
};

}  // namespace effv2::inline EFFV2_ISA::nn
