// Compiled without -m flags and linked with unit_avx2.cpp: one program, two instruction sets.
#include <cstdio>
#include <effv2/effv2.hpp>

float sum_in_avx2();

float sum_here() {
  effv2::Tensor<float> y({1, 4, 4, 3});
  y.fill(1.0F);
  effv2::kernels::add<float>(y, y, y, effv2::Execution(1));
  float sum = 0.0F;
  for (const float v : y) sum += v;
  return sum;
}

int main() {
  const float here = sum_here();
  const bool same = !__builtin_cpu_supports("avx2") || sum_in_avx2() == here;
  std::printf("%s: %g\n", EFFV2_ISA_NAME, static_cast<double>(here));
  return same && here == 96.0F ? 0 : 1;
}
