// Activations: value and derivative of one vector, and passes over whole tensors.
#pragma once

#include <cassert>
#include <cstdint>
#include <string_view>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "elementwise.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

enum class ActivationKind { identity, relu, silu, sigmoid, hard_swish };

inline constexpr std::string_view activation_names[] = {"identity", "relu", "silu", "sigmoid",
                                                        "hard_swish"};
constexpr std::string_view name_of(ActivationKind kind) {
  return activation_names[static_cast<int>(kind)];
}

struct Identity {
  template <class T>
  static simd::Vector<T> value(const simd::Vector<T>& x) {
    return x;
  }
  template <class T>
  static simd::Vector<T> derivative(const simd::Vector<T>&) {
    return simd::Vector<T>(T{1});
  }
};

/// max(0, x); the derivative at 0 is 0.
struct Relu {
  template <class T>
  static simd::Vector<T> value(const simd::Vector<T>& x) {
    return simd::max<T>(simd::Vector<T>(T{}), x);  // NaN comes through
  }
  template <class T>
  static simd::Vector<T> derivative(const simd::Vector<T>& x) {
    using V = simd::Vector<T>;
    return select(x > V(T{}), V(T{1}), V(T{}));
  }
};

/// x sigmoid(x). With s = sigmoid(x):  d/dx = s + x s (1 - s) = s (1 + x (1 - s)).
struct Silu {
  template <class T>
  static simd::Vector<T> value(const simd::Vector<T>& x) {
    return simd::silu<T>(x);
  }
  template <class T>
  static simd::Vector<T> derivative(const simd::Vector<T>& x) {
    using V = simd::Vector<T>;
    const V bounded = simd::max<T>(V(T{-simd::detail::sigmoid_bound}), x);
    const V s = simd::detail::sigmoid_above<T>(bounded);
    return simd::fma<T>(bounded * s, V(T{1}) - s, s);
  }
};

/// 1 / (1 + e^-x). With s = sigmoid(x):  d/dx = s (1 - s).
struct Sigmoid {
  template <class T>
  static simd::Vector<T> value(const simd::Vector<T>& x) {
    return simd::sigmoid<T>(x);
  }
  template <class T>
  static simd::Vector<T> derivative(const simd::Vector<T>& x) {
    using V = simd::Vector<T>;
    const V s = simd::sigmoid<T>(x);
    return s * (V(T{1}) - s);
  }
};

/// x min(max(x + 3, 0), 6) / 6: derivative 0 below -3, 1 above 3, (2 x + 3) / 6 between.
struct HardSwish {
  template <class T>
  static simd::Vector<T> value(const simd::Vector<T>& x) {
    using V = simd::Vector<T>;
    return x * simd::min<T>(V(T{6}), simd::max<T>(V(T{}), x + V(T{3}))) * V(T{1} / T{6});
  }
  template <class T>
  static simd::Vector<T> derivative(const simd::Vector<T>& x) {
    using V = simd::Vector<T>;
    const V middle = simd::fma<T>(x, V(T{1} / T{3}), V(T{0.5}));
    return select(x > V(T{3}), V(T{1}), select(x < V(T{-3}), V(T{}), middle));
  }
};

/// Sigmoid or hard-swish, chosen per vector: one loop serves the two, where a loop each would cost
/// more to compile than it saves to run.
struct SigmoidOrHardSwish {
  bool is_sigmoid;

  template <class T>
  simd::Vector<T> value(const simd::Vector<T>& x) const {
    return is_sigmoid ? Sigmoid::value<T>(x) : HardSwish::value<T>(x);
  }
  template <class T>
  simd::Vector<T> derivative(const simd::Vector<T>& x) const {
    return is_sigmoid ? Sigmoid::derivative<T>(x) : HardSwish::derivative<T>(x);
  }
};

/// Calls body(Silu{}) and the like: from a run-time choice to a type.
template <class Body>
void with_activation(ActivationKind activation, Body&& body) {
  switch (activation) {
    case ActivationKind::identity:
      return body(Identity{});
    case ActivationKind::relu:
      return body(Relu{});
    case ActivationKind::silu:
      return body(Silu{});
    case ActivationKind::sigmoid:
    case ActivationKind::hard_swish:
      return body(SigmoidOrHardSwish{activation == ActivationKind::sigmoid});
  }
}

/// y[i] = f(x[i]); y may be x.
template <class T>
void activation_forward(View<T> y, View<const T> x, ActivationKind activation,
                        const Execution& run) {
  assert(x.size() == y.size());
  with_activation(activation, [&](auto f) {
    elementwise<T>(y, run, [=](std::int64_t i, auto lanes) {
      return f.template value<T>(lanes.stream(x.data() + i));
    });
  });
}

/// dx[i] = dy[i] y[i] (1 - y[i]) for y = sigmoid(x), from the result alone; dx may be dy.
template <class T>
void sigmoid_backward(View<T> dx, View<const T> dy, View<const T> y, const Execution& run) {
  using V = simd::Vector<T>;
  assert(dy.size() == dx.size() && y.size() == dx.size());
  elementwise<T>(dx, run, [=](std::int64_t i, auto lanes) {
    const V s = lanes.stream(y.data() + i);
    return lanes.stream(dy.data() + i) * s * (V(T{1}) - s);
  });
}

/// dx[i] = dy[i] f'(x[i]); dx may be dy.
template <class T>
void activation_backward(View<T> dx, View<const T> dy, View<const T> x, ActivationKind activation,
                         const Execution& run) {
  assert(dy.size() == dx.size() && x.size() == dx.size());
  with_activation(activation, [&](auto f) {
    elementwise<T>(dx, run, [=](std::int64_t i, auto lanes) {
      return lanes.stream(dy.data() + i) * f.template derivative<T>(lanes.stream(x.data() + i));
    });
  });
}

}  // namespace effv2::inline EFFV2_ISA::kernels
