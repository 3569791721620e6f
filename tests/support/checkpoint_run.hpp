// A run of next to nothing, whose checkpoints are damaged.
#pragma once

#include <algorithm>
#include <cstdint>
#include <effv2/core/tensor.hpp>
#include <string>

struct CheckpointRun {
  effv2::Tensor<float> weights = effv2::Tensor<float>::filled({2, 3}, 2.5F);
  std::int64_t count = 7;
  double rate = 0.5;

  std::int64_t step() const { return count; }
  std::int64_t best_step() const { return 0; }
  std::string configuration() const { return "a 1\nb 2"; }
  template <class F>
  void visit_state(F&& f) {
    f("weights", weights), f("count", count), f("rate", rate);
  }
  CheckpointRun copy() const { return {effv2::Tensor<float>(weights), count, rate}; }
  bool operator==(const CheckpointRun& other) const {
    return count == other.count && rate == other.rate && weights.shape() == other.weights.shape() &&
           std::equal(weights.begin(), weights.end(), other.weights.begin());
  }
};
