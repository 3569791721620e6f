// AdamW as a plain loop, compiled with -ffast-math: what a C programmer would write who needs
// neither a norm nor a check for NaN nor zeroed gradients.
#include "adamw_loop.hpp"

#include <cmath>

void adamw_loop(float* __restrict w, const float* __restrict g, float* __restrict m,
                float* __restrict v, std::int64_t count, int threads) {
#pragma omp parallel for simd num_threads(threads) schedule(static)
  for (std::int64_t i = 0; i < count; ++i) {
    m[i] = 0.9F * m[i] + 0.1F * g[i];
    v[i] = 0.999F * v[i] + 0.001F * g[i] * g[i];
    w[i] = w[i] * 0.999998F - 1e-4F * m[i] / (std::sqrt(v[i]) + 1e-8F);
  }
}
