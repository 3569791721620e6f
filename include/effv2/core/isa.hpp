// The instruction set this translation unit is compiled for.
//
// Everything but `Error` lives in an inline namespace named after it, so that two translation units
// compiled for different ones of the sets below can be linked into one program: their inline
// functions have different symbols, and the baseline one never calls code compiled for AVX-512.
// (Flags that differ in what has no name here are one set: -march=skylake-avx512 and
// sapphirerapids, and a unit without -fopenmp beside one with it. The standard library's templates
// are shared all the same; a program that has to run on the lesser machine keeps the units for the
// greater one small.)
#pragma once

// Of the two parts that matter by themselves g++ says whether they are on; clang of the second.
#if !defined(EFFV2_ALLOW_FAST_MATH) &&                          \
    (defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || \
     (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0))
#  error \
      "effv2: -ffast-math, or a part of it, breaks the detection of NaN and the exponential function; define EFFV2_ALLOW_FAST_MATH to insist"
#endif

#if defined(__GNUC__) && (!defined(__cpp_exceptions) || !defined(__cpp_rtti))
#  error \
      "effv2: errors are exceptions, and a layer is known by its type: -fno-exceptions and -fno-rtti do not go with it"
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#  define EFFV2_ISA avx512
#  define EFFV2_ISA_NAME "AVX-512"
#  define EFFV2_HAS_AVX512 1
#elif defined(__AVX512F__)
#  define EFFV2_ISA avx512f
#  define EFFV2_ISA_NAME "AVX-512F"
#elif defined(__AVX2__) && defined(__FMA__)
#  define EFFV2_ISA avx2
#  define EFFV2_ISA_NAME "AVX2+FMA"
#elif defined(__AVX2__)
#  define EFFV2_ISA avx2_without_fma
#  define EFFV2_ISA_NAME "AVX2"
#elif defined(__AVX__)
#  define EFFV2_ISA avx
#  define EFFV2_ISA_NAME "AVX"
#elif defined(__aarch64__)
#  define EFFV2_ISA neon64
#  define EFFV2_ISA_NAME "NEON"
#elif defined(__SSE4_2__)
#  define EFFV2_ISA sse42
#  define EFFV2_ISA_NAME "SSE4.2"
#elif defined(__SSE4_1__)
#  define EFFV2_ISA sse41
#  define EFFV2_ISA_NAME "SSE4.1"
#elif defined(__SSSE3__)
#  define EFFV2_ISA ssse3
#  define EFFV2_ISA_NAME "SSSE3"
#elif defined(__SSE2__)
#  define EFFV2_ISA sse2
#  define EFFV2_ISA_NAME "SSE2"
#else
#  define EFFV2_ISA generic
#  define EFFV2_ISA_NAME "generic"
#endif

// Around the includes of headers with intrinsics: g++ 12 sees the deliberately undefined operands
// inside of its own AVX-512 intrinsics as uninitialised variables (GCC bug 105593), and the pragma
// has to surround their definition.
#if defined(__GNUC__) && !defined(__clang__)
#  define EFFV2_INTRINSICS_BEGIN                                                         \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wuninitialized\"") \
        _Pragma("GCC diagnostic ignored \"-Wmaybe-uninitialized\"")
#  define EFFV2_INTRINSICS_END _Pragma("GCC diagnostic pop")
#else
#  define EFFV2_INTRINSICS_BEGIN
#  define EFFV2_INTRINSICS_END
#endif

/// Before what runs once per model and not once per step: compiled for size, and so faster.
#define EFFV2_SETUP [[gnu::cold]]

/// Before a function with a static variable of which a program may have but one: shared libraries
/// that are built with hidden visibility would have one each.
#define EFFV2_ONE_PER_PROGRAM [[gnu::visibility("default")]]
