// The other units of unit_first.cpp's program: EFFV2_SUM is the name of the function to define.
#include <effv2/effv2.hpp>

float EFFV2_SUM();

float EFFV2_SUM() {
  effv2::Tensor<float> y({1, 4, 4, 3});
  y.fill(1.0F);
  effv2::kernels::add<float>(y, y, y, effv2::Execution(1));
  float sum = 0.0F;
  for (const float v : y) sum += v;
  return sum;
}
