// One of four translation units that include the library and make one program: this one, and
// unit_other.cpp with the same flags, with those of another instruction set, and in a shared
// library with hidden visibility.
#include <cstdint>
#include <cstdio>
#include <effv2/effv2.hpp>

float sum_in_second();
float sum_in_avx2();
float sum_in_hidden();
const void* memory_in_hidden();
std::uint64_t version_in_hidden();

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
  const bool same =
      sum_in_second() == here && (!has_avx2() || sum_in_avx2() == here) && sum_in_hidden() == here;
  // Memory and versions are the program's.
  effv2::nn::detail::Version version;
  version.raise();
  const bool shared = memory_in_hidden() == &effv2::detail::Slabs::instance() &&
                      version_in_hidden() == version.number() + 1;
  std::printf("%s: %g\n", EFFV2_ISA_NAME, static_cast<double>(here));
  return same && shared && here == 96.0F ? 0 : 1;
}
