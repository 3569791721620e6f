// What the microbenchmarks share: counters, and operands.
#pragma once

#include <benchmark/benchmark.h>

#include "random_tensor.hpp"

/// Shows the rate of `per_iteration` floating-point operations as FLOP/s.
inline void count_flops(benchmark::State& state, double per_iteration) {
  state.counters["FLOP/s"] = benchmark::Counter(
      per_iteration, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

/// Shows the rate of `per_iteration` bytes as B/s.
inline void count_bytes(benchmark::State& state, double per_iteration) {
  state.counters["B/s"] = benchmark::Counter(
      per_iteration, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}
