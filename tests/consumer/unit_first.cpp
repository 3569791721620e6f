// One of three translation units that include the library and are linked into one program: this
// one, and unit_other.cpp twice, with the same flags and with others.
#include <cstdio>
#include <effv2/effv2.hpp>

float sum_in_second();
float sum_in_avx2();

namespace {

float sum_here() {
  effv2::Tensor<float> y({1, 4, 4, 3});
  y.fill(1.0F);
  effv2::kernels::add<float>(y, y, y, effv2::Execution(1));
  float sum = 0.0F;
  for (const float v : y) sum += v;
  return sum;
}

bool has_avx2() {
#ifdef EFFV2_WITH_AVX2_UNIT
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

}  // namespace

#ifndef EFFV2_WITH_AVX2_UNIT
float sum_in_avx2() { return 0.0F; }
#endif

int main() {
  const float here = sum_here();
  const bool same = sum_in_second() == here && (!has_avx2() || sum_in_avx2() == here);
  std::printf("%s: %g\n", EFFV2_ISA_NAME, static_cast<double>(here));
  return same && here == 96.0F ? 0 : 1;
}
