// Whether this processor can run what was compiled.
#pragma once

#include <initializer_list>

#include "error.hpp"
#include "isa.hpp"

namespace effv2::inline EFFV2_ISA {

/// An instruction set by name, and whether this processor has it.
struct ProcessorFeature {
  const char* name;
  bool present;
};

/// Throws Error(unsupported) with the name of the first that is absent.
inline void require_features(std::initializer_list<ProcessorFeature> features) {
  for (const ProcessorFeature& feature : features) {
    EFFV2_CHECK(feature.present, ErrorCode::unsupported,
                "[processor] this program was compiled for ", EFFV2_ISA_NAME, " (", feature.name,
                "), which this processor does not have; compile it with another -march");
  }
}

/// Throws Error(unsupported) where the processor lacks an instruction set that the compiler was
/// allowed to use: a message instead of an illegal instruction. Every Execution calls it.
inline void require_processor() {
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
  static const bool checked = [] {
    __builtin_cpu_init();
    require_features({
#  ifdef __SSE4_2__
        {"SSE4.2", __builtin_cpu_supports("sse4.2") != 0},
#  endif
#  ifdef __AVX__
        {"AVX", __builtin_cpu_supports("avx") != 0},
#  endif
#  ifdef __AVX2__
        {"AVX2", __builtin_cpu_supports("avx2") != 0},
#  endif
#  ifdef __FMA__
        {"FMA", __builtin_cpu_supports("fma") != 0},
#  endif
#  ifdef __BMI2__
        {"BMI2", __builtin_cpu_supports("bmi2") != 0},
#  endif
#  ifdef __AVX512F__
        {"AVX512F", __builtin_cpu_supports("avx512f") != 0},
#  endif
#  ifdef __AVX512DQ__
        {"AVX512DQ", __builtin_cpu_supports("avx512dq") != 0},
#  endif
#  ifdef __AVX512BW__
        {"AVX512BW", __builtin_cpu_supports("avx512bw") != 0},
#  endif
#  ifdef __AVX512VL__
        {"AVX512VL", __builtin_cpu_supports("avx512vl") != 0},
#  endif
#  ifdef __AVX512VBMI2__
        {"AVX512VBMI2", __builtin_cpu_supports("avx512vbmi2") != 0},
#  endif
#  ifdef __AVX512VNNI__
        {"AVX512VNNI", __builtin_cpu_supports("avx512vnni") != 0},
#  endif
    });
    return true;
  }();
  static_cast<void>(checked);
#endif
}

}  // namespace effv2::inline EFFV2_ISA
