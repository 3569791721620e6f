// The other units of unit_first.cpp's program: EFFV2_UNIT ends the names of the functions to
// define.
#include <cstdint>
#include <effv2/effv2.hpp>

#define EFFV2_JOIN(name, unit) name##_in_##unit
#define EFFV2_IN(name, unit) EFFV2_JOIN(name, unit)
#define EFFV2_EXPORT [[gnu::visibility("default")]]

EFFV2_EXPORT float EFFV2_IN(sum, EFFV2_UNIT)();
EFFV2_EXPORT const void* EFFV2_IN(memory, EFFV2_UNIT)();
EFFV2_EXPORT std::uint64_t EFFV2_IN(version, EFFV2_UNIT)();

float EFFV2_IN(sum, EFFV2_UNIT)() {
  effv2::Tensor<float> y({1, 4, 4, 3});
  y.fill(1.0F);
  effv2::kernels::add<float>(y, y, y, effv2::Execution(1));
  float sum = 0.0F;
  for (const float v : y) sum += v;
  return sum;
}

const void* EFFV2_IN(memory, EFFV2_UNIT)() { return &effv2::detail::Slabs::instance(); }

std::uint64_t EFFV2_IN(version, EFFV2_UNIT)() {
  effv2::nn::detail::Version version;
  version.raise();
  return version.number();
}
