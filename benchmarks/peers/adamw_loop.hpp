#pragma once

#include <cstdint>

/// One AdamW step over `count` numbers.
void adamw_loop(float* w, const float* g, float* m, float* v, std::int64_t count, int threads);
