// Vectors of T, through xsimd: the only header that includes it (8.1 to current).
//
// `simd::Vector<T>` is xsimd's widest batch of the target; where xsimd has none for T (long double,
// an unknown architecture) it is a one-lane fallback with the same operations, so a kernel is
// written once. What xsimd 8.1 lacks or does otherwise from version to version is wrapped here:
// fused multiply-add, the first lanes of memory, minimum and maximum, reciprocals, stores past the
// caches. A Vector<T> does not tell a template what T is, so these are called with it:
// simd::fma<T>(a, b, c).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "isa.hpp"

EFFV2_INTRINSICS_BEGIN
#ifdef __SSE2__
#  include <immintrin.h>
#endif
#include <xsimd/xsimd.hpp>
EFFV2_INTRINSICS_END

/// Before a short loop with a constant count: unrolls it whole, so that the arrays indexed by its
/// variable live in registers. (Lambdas over an index sequence do not do: g++ 12 keeps what they
/// capture in memory, at a third of the speed.) Defined as nothing by builds that need not be fast.
#ifndef EFFV2_UNROLL
#  ifdef __clang__
#    define EFFV2_UNROLL _Pragma("unroll")
#  else
#    define EFFV2_UNROLL _Pragma("GCC unroll 32")
#  endif
#endif

/// Before functions of a few instructions that take or return vectors: a call would send every live
/// register through memory.
#define EFFV2_ALWAYS_INLINE [[gnu::always_inline]] inline

namespace effv2::inline EFFV2_ISA::simd {

/// One lane: the fallback for types without a register.
template <class T>
struct Scalar {
  static constexpr std::size_t size = 1;
  T value;

  Scalar() = default;
  Scalar(T v) : value(v) {}  // NOLINT(google-explicit-constructor): broadcasts, as a batch does
  static Scalar load_unaligned(const T* source) { return {*source}; }
  void store_unaligned(T* target) const { *target = value; }

  friend Scalar operator+(Scalar a, Scalar b) { return {a.value + b.value}; }
  friend Scalar operator-(Scalar a, Scalar b) { return {a.value - b.value}; }
  friend Scalar operator*(Scalar a, Scalar b) { return {a.value * b.value}; }
  friend Scalar operator/(Scalar a, Scalar b) { return {a.value / b.value}; }
  friend Scalar operator-(Scalar a) { return {-a.value}; }
  Scalar& operator+=(Scalar b) { return *this = *this + b; }
  friend bool operator<(Scalar a, Scalar b) { return a.value < b.value; }
  friend bool operator>(Scalar a, Scalar b) { return a.value > b.value; }
  friend bool operator<=(Scalar a, Scalar b) { return a.value <= b.value; }
  friend bool operator==(Scalar a, Scalar b) { return a.value == b.value; }
  friend Scalar sqrt(Scalar a) { return {std::sqrt(a.value)}; }
  friend Scalar select(bool condition, Scalar a, Scalar b) { return condition ? a : b; }
};

template <class T>
struct VectorOf {
  using type = Scalar<T>;
};
#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
template <class T>
requires xsimd::has_simd_register<T, xsimd::default_arch>::value struct VectorOf<T> {
  using type = xsimd::batch<T>;
};
#endif

template <class T>
using Vector = typename VectorOf<T>::type;

/// Lanes of a Vector<T>.
template <class T>
inline constexpr std::int64_t width = static_cast<std::int64_t>(Vector<T>::size);

template <class T>
inline constexpr bool is_vectorized = width<T> > 1;

/// Architectural vector registers; kernels size their register tiles by it.
#if defined(EFFV2_HAS_AVX512) || defined(__aarch64__)
inline constexpr int registers = 32;
#else
inline constexpr int registers = 16;
#endif

template <class T>
EFFV2_ALWAYS_INLINE Vector<T> load(const T* source) {
  return Vector<T>::load_unaligned(source);
}

template <class T>
EFFV2_ALWAYS_INLINE void store(T* target, const Vector<T>& value) {
  value.store_unaligned(target);
}

/// Writes past the caches, floats on AVX-512 where `target` is aligned, and is a plain store
/// elsewhere: for what is not read again soon. A store that fills a cache line would otherwise read
/// the line first. Before other threads look, stream_fence.
template <class T>
EFFV2_ALWAYS_INLINE void store_stream(T* target, const Vector<T>& value) {
#ifdef EFFV2_HAS_AVX512
  if constexpr (std::is_same_v<T, float>) {
    if (reinterpret_cast<std::uintptr_t>(target) % sizeof(Vector<T>) == 0) {
      _mm512_stream_ps(target, value);
      return;
    }
  }
#endif
  simd::store<T>(target, value);
}
inline void stream_fence() {
#ifdef EFFV2_HAS_AVX512
  _mm_sfence();
#endif
}

/// The first `count` <= width lanes of memory, the others zero. Touches no byte beyond them.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> load_partial(const T* source, std::int64_t count) {
#ifdef EFFV2_HAS_AVX512
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1U), source);
  } else if constexpr (std::is_same_v<T, double>) {
    return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << count) - 1U), source);
  }
#endif
  T lanes[width<T>] = {};
  std::memcpy(lanes, source, static_cast<std::size_t>(count) * sizeof(T));
  return simd::load(lanes);
}

/// Writes the first `count` <= width lanes.
template <class T>
EFFV2_ALWAYS_INLINE void store_partial(T* target, const Vector<T>& value, std::int64_t count) {
#ifdef EFFV2_HAS_AVX512
  if constexpr (std::is_same_v<T, float>) {
    _mm512_mask_storeu_ps(target, static_cast<__mmask16>((1U << count) - 1U), value);
    return;
  } else if constexpr (std::is_same_v<T, double>) {
    _mm512_mask_storeu_pd(target, static_cast<__mmask8>((1U << count) - 1U), value);
    return;
  }
#endif
  T lanes[width<T>];
  simd::store<T>(lanes, value);  // unqualified it would be xsimd's, which wants aligned memory
  std::memcpy(target, lanes, static_cast<std::size_t>(count) * sizeof(T));
}

/// A whole vector, or its first `count` lanes where those are all that there are: the end of a row.
/// A count below one touches nothing.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> load_up_to(const T* source, std::int64_t count) {
  if (count >= width<T>) return simd::load(source);
  return count > 0 ? load_partial(source, count) : Vector<T>(T{});
}
template <class T>
EFFV2_ALWAYS_INLINE void store_up_to(T* target, const Vector<T>& value, std::int64_t count) {
  if (count >= width<T>) {
    simd::store<T>(target, value);
  } else if (count > 0) {
    store_partial<T>(target, value, count);
  }
}

/// Asks for the cache line of `address`, which may be any address at all, ahead of its use. `read`
/// brings it into the second-level cache, `write` into the first, ready to be written.
inline void prefetch_read(const void* address) { __builtin_prefetch(address, 0, 2); }
inline void prefetch_write(const void* address) { __builtin_prefetch(address, 1, 3); }

/// a * b + c, rounded once where the architecture can.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> fma(const Vector<T>& a, const Vector<T>& b, const Vector<T>& c) {
#ifdef EFFV2_HAS_AVX512
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_fmadd_ps(a, b, c);
  } else if constexpr (std::is_same_v<T, double>) {
    return _mm512_fmadd_pd(a, b, c);
  }
#endif
  if constexpr (is_vectorized<T>) {
    return xsimd::fma(a, b, c);
  } else {
    return a * b + c;
  }
}

/// The smaller and the larger, lane by lane; b where either is NaN. (xsimd's own differ in that
/// from version to version.)
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> min(const Vector<T>& a, const Vector<T>& b) {
#ifdef EFFV2_HAS_AVX512
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_min_ps(a, b);
  } else if constexpr (std::is_same_v<T, double>) {
    return _mm512_min_pd(a, b);
  }
#endif
  return select(a < b, a, b);
}
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> max(const Vector<T>& a, const Vector<T>& b) {
#ifdef EFFV2_HAS_AVX512
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_max_ps(a, b);
  } else if constexpr (std::is_same_v<T, double>) {
    return _mm512_max_pd(a, b);
  }
#endif
  return select(a > b, a, b);
}

/// The sum of all lanes, always in the same order.
template <class T>
T reduce_add(const Vector<T>& value) {
  T lanes[width<T>];
  simd::store<T>(lanes, value);
  for (std::int64_t half = width<T> / 2; half > 0; half /= 2) {
    for (std::int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

/// 1 / x for normal x whose reciprocal is normal, within 2 units in the last place.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> reciprocal(const Vector<T>& x) {
#ifdef EFFV2_HAS_AVX512
  if constexpr (std::is_same_v<T, float>) {
    // One Newton step from 14 bits: y (2 - x y).
    const __m512 y = _mm512_rcp14_ps(x);
    return _mm512_mul_ps(y, _mm512_fnmadd_ps(x, y, _mm512_set1_ps(2.0F)));
  }
#endif
  return Vector<T>(T{1}) / x;
}

/// target[j][i] = source[i][j] for i, j < 4, rows `*_stride` numbers apart.
template <class T>
EFFV2_ALWAYS_INLINE void transpose4x4(T* target, std::int64_t target_stride, const T* source,
                                      std::int64_t source_stride) {
#ifdef __SSE2__
  if constexpr (std::is_same_v<T, float>) {
    __m128 a = _mm_loadu_ps(source), b = _mm_loadu_ps(source + source_stride);
    __m128 c = _mm_loadu_ps(source + 2 * source_stride),
           d = _mm_loadu_ps(source + 3 * source_stride);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(target, a), _mm_storeu_ps(target + target_stride, b);
    _mm_storeu_ps(target + 2 * target_stride, c), _mm_storeu_ps(target + 3 * target_stride, d);
    return;
  }
#endif
  for (std::int64_t i = 0; i < 4; ++i) {
    for (std::int64_t j = 0; j < 4; ++j)
      target[j * target_stride + i] = source[i * source_stride + j];
  }
}

namespace detail {

// Adding 1.5 * 2^23 and taking it away again rounds a float of moderate size to an integer.
inline constexpr float round_magic = 12582912.0F;

// p 2^n for integral n and a normal result; NaN if either is.
EFFV2_ALWAYS_INLINE Vector<float> scale_by_power_of_two(const Vector<float>& p,
                                                        const Vector<float>& n) {
#ifdef EFFV2_HAS_AVX512
  return _mm512_scalef_ps(p, n);
#else
  if constexpr (is_vectorized<float>) {
    // n moves into the exponent bits. It may be 128, whose power is no float: one factor of two
    // stays with p.
    const auto biased = xsimd::to_int(n + Vector<float>(126.0F)) << 23;
#  if XSIMD_VERSION_MAJOR >= 11
    return (p + p) * xsimd::bitwise_cast<float>(biased);
#  else
    return (p + p) * xsimd::bitwise_cast<Vector<float>>(biased);
#  endif
  } else {  // memcpy, since this is compiled for batches too, which have no .value
    float factor, exponent;
    std::memcpy(&factor, &p, sizeof factor);
    std::memcpy(&exponent, &n, sizeof exponent);
    return Vector<float>(std::ldexp(factor, static_cast<int>(exponent)));
  }
#endif
}

// e^x (Sign 1) or e^-x (Sign -1) for an exponent in [-86.65, 88.722]; NaN stays NaN. Cody-Waite
// reduction by ln 2 in two parts, then a polynomial of degree 6 on [-ln 2 / 2, ln 2 / 2]. A sign
// turns the odd coefficients, which costs nothing; turning x would be an operation more.
template <int Sign = 1>
EFFV2_ALWAYS_INLINE Vector<float> exp_within(const Vector<float>& x) {
  using V = Vector<float>;
  constexpr float sign = Sign;
  const V n = simd::fma<float>(x, V(sign * 1.44269504F), V(round_magic)) - V(round_magic);
  V r = simd::fma<float>(n, V(sign * -0.693359375F), x);
  r = simd::fma<float>(n, V(sign * 2.12194440e-4F), r);
  V p = V(1.0F / 720.0F);
  p = simd::fma<float>(p, r, V(sign / 120.0F));
  p = simd::fma<float>(p, r, V(1.0F / 24.0F));
  p = simd::fma<float>(p, r, V(sign / 6.0F));
  p = simd::fma<float>(p, r, V(0.5F));
  p = simd::fma<float>(p, r, V(sign));
  p = simd::fma<float>(p, r, V(1.0F));
  return scale_by_power_of_two(p, n);
}

}  // namespace detail

/// e^x. For float: relative error below 2^-21 where the result is in [2^-125, 2^127.99]; a smaller
/// result becomes 0 and a larger one infinity; NaN stays NaN. Other types: the library's exp.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> exp(const Vector<T>& x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Vector<float>;
    const V lowest(-86.65F), highest(88.722F);
    // NaN comes through: min and max give the second operand then.
    const V result = detail::exp_within(simd::min<T>(highest, simd::max<T>(lowest, x)));
    const V infinity(std::numeric_limits<float>::infinity());
    return select(x < lowest, V(0.0F), select(x > highest, infinity, result));
  } else if constexpr (is_vectorized<T>) {
    return xsimd::exp(x);
  } else {
    return Vector<T>(std::exp(x.value));
  }
}

namespace detail {

// e^86 keeps 1 + e^-x and its reciprocal normal.
inline constexpr float sigmoid_bound = 86.0F;

// 1 / (1 + e^-x) for x >= -sigmoid_bound or NaN.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> sigmoid_above(const Vector<T>& x) {
  using V = Vector<T>;
  if constexpr (std::is_same_v<T, float>) {
    return simd::reciprocal<T>(V(1.0F) + exp_within<-1>(simd::min<T>(V(sigmoid_bound), x)));
  } else {
    return V(T{1}) / (V(T{1}) + simd::exp<T>(-x));
  }
}

}  // namespace detail

/// 1 / (1 + e^-x). For float: absolute error below 2^-22, and relative error below 2^-21 for
/// x >= -86; 0 to within 1e-37 at -infinity, 1 at infinity, NaN for NaN.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> sigmoid(const Vector<T>& x) {
  if constexpr (std::is_same_v<T, float>) {
    return detail::sigmoid_above<T>(simd::max<T>(Vector<T>(-detail::sigmoid_bound), x));
  } else {
    return detail::sigmoid_above<T>(x);
  }
}

/// x sigmoid(x). For float: absolute error below 2^-22 (1 + |x|) for x >= -86 and below 1e-35
/// under it, -infinity included; infinity gives infinity, NaN NaN.
template <class T>
EFFV2_ALWAYS_INLINE Vector<T> silu(const Vector<T>& x) {
  const Vector<T> bounded = simd::max<T>(Vector<T>(T{-detail::sigmoid_bound}), x);
  return bounded * detail::sigmoid_above<T>(bounded);
}

/// How for_each_vector's body touches memory: a whole vector, or the last few lanes of a row.
/// `stream` is a load of memory that is read once and in order: it asks for what comes 1 KiB later,
/// because hardware prefetchers stop at every page of 4 KiB (measured: 15 % of a batch norm).
template <class T>
struct AllLanes {
  static constexpr std::int64_t ahead = 1024 / sizeof(T);
  static Vector<T> load(const T* source) { return simd::load(source); }
  static Vector<T> stream(const T* source) {
    prefetch_read(source + ahead);
    return simd::load(source);
  }
  static void store(T* target, const Vector<T>& value) { simd::store<T>(target, value); }
};
template <class T>
struct FirstLanes {
  std::int64_t count;
  Vector<T> load(const T* source) const { return load_partial(source, count); }
  Vector<T> stream(const T* source) const { return load_partial(source, count); }
  void store(T* target, const Vector<T>& value) const { store_partial<T>(target, value, count); }
};

/// Walks over `count` numbers a vector at a time: body(index, lanes), where lanes.load(p + index)
/// and lanes.store(p + index, v) stay inside of the count.
template <class T, class Body>
void for_each_vector(std::int64_t count, Body&& body) {
  std::int64_t index = 0;
  for (; index + width<T> <= count; index += width<T>) body(index, AllLanes<T>{});
  if constexpr (is_vectorized<T>) {
    if (index < count) body(index, FirstLanes<T>{count - index});
  }
}

}  // namespace effv2::inline EFFV2_ISA::simd
