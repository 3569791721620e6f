// Whether this processor can run what was compiled.
#pragma once

#include "error.hpp"
#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

/// Throws Error(unsupported) with this message unless the processor has what it is about.
inline void require_feature(bool present, const char* message) {
  if (!present) throw Error(ErrorCode::unsupported, message);
}

#define EFFV2_LACKS(feature)                                               \
  "[processor] this program was compiled for " EFFV2_ISA_NAME " (" feature \
  ")"                                                                      \
  ", which this processor does not have; compile it with another -march"

/// Throws Error(unsupported) where the processor lacks one of the instruction sets below that the
/// compiler was allowed to use: a message instead of an illegal instruction. The first tensor calls
/// it; a program that may meet older processors does so first of all in main, before anything else
/// that was compiled for the newer ones.
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
// This function itself does without what it asks for.
[[gnu::noinline, gnu::target("arch=x86-64")]] inline void require_processor() {
#  ifdef __SSSE3__
  require_feature(__builtin_cpu_supports("ssse3") != 0, EFFV2_LACKS("SSSE3"));
#  endif
#  ifdef __SSE4_1__
  require_feature(__builtin_cpu_supports("sse4.1") != 0, EFFV2_LACKS("SSE4.1"));
#  endif
#  ifdef __SSE4_2__
  require_feature(__builtin_cpu_supports("sse4.2") != 0, EFFV2_LACKS("SSE4.2"));
#  endif
#  ifdef __AVX__
  require_feature(__builtin_cpu_supports("avx") != 0, EFFV2_LACKS("AVX"));
#  endif
#  ifdef __AVX2__
  require_feature(__builtin_cpu_supports("avx2") != 0, EFFV2_LACKS("AVX2"));
#  endif
#  ifdef __FMA__
  require_feature(__builtin_cpu_supports("fma") != 0, EFFV2_LACKS("FMA"));
#  endif
#  ifdef __BMI2__
  require_feature(__builtin_cpu_supports("bmi2") != 0, EFFV2_LACKS("BMI2"));
#  endif
#  ifdef __AVX512F__
  require_feature(__builtin_cpu_supports("avx512f") != 0, EFFV2_LACKS("AVX512F"));
#  endif
#  ifdef __AVX512DQ__
  require_feature(__builtin_cpu_supports("avx512dq") != 0, EFFV2_LACKS("AVX512DQ"));
#  endif
#  ifdef __AVX512BW__
  require_feature(__builtin_cpu_supports("avx512bw") != 0, EFFV2_LACKS("AVX512BW"));
#  endif
#  ifdef __AVX512VL__
  require_feature(__builtin_cpu_supports("avx512vl") != 0, EFFV2_LACKS("AVX512VL"));
#  endif
#  ifdef __AVX512VBMI2__
  require_feature(__builtin_cpu_supports("avx512vbmi2") != 0, EFFV2_LACKS("AVX512VBMI2"));
#  endif
#  ifdef __AVX512VNNI__
  require_feature(__builtin_cpu_supports("avx512vnni") != 0, EFFV2_LACKS("AVX512VNNI"));
#  endif
}
#else
inline void require_processor() {}
#endif

#undef EFFV2_LACKS

}  // namespace effv2::inline EFFV2_ISA
