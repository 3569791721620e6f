// An exponential moving average of a model's weights and batch norm statistics.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "../nn/visit.hpp"

namespace effv2::inline EFFV2_ISA::optim {

/// average = d average + (1 - d) value, with d = min(decay, (1 + t) / (10 + t)) at update t, so
/// that the early average forgets the random start. Holds pointers into the model, as optimisers
/// do.
template <class T>
class Ema {
 public:
  template <class Model>
  Ema(Model& model, double decay) : decay_(decay) {
    EFFV2_CHECK(decay >= 0.0 && decay < 1.0, ErrorCode::invalid_argument,
                "[ema] expected a decay in [0, 1), got ", decay);
    const auto add = [&](const std::string&, nn::Variable<T>& variable) {
      entries_.push_back({&variable, Tensor<T>(variable.value())});
    };
    nn::for_each_parameter(model, add);
    nn::for_each_state(model, add);
  }

  void update(const Execution& run) {
    const auto t = static_cast<double>(updates_++);
    const double d = std::min(decay_, (1.0 + t) / (10.0 + t));
    const simd::Vector<T> rest(static_cast<T>(1.0 - d));
    parallel_for(static_cast<std::int64_t>(entries_.size()), run.threads, [&](std::int64_t index) {
      Entry& entry = entries_[static_cast<std::size_t>(index)];
      T* average = entry.average.data();
      const T* value = std::as_const(*entry.variable).value().data();
      simd::for_each_vector<T>(entry.average.size(), [&](std::int64_t i, auto lanes) {
        const auto a = lanes.stream(average + i);
        lanes.store(average + i, simd::fma<T>(lanes.stream(value + i) - a, rest, a));
      });
    });
  }

  /// Exchanges the model's values with the average: call it before and after an evaluation.
  void swap() {
    for (Entry& entry : entries_) std::swap(entry.variable->edit(), entry.average);
  }

  std::int64_t updates() const { return updates_; }

 private:
  struct Entry {
    nn::Variable<T>* variable;
    Tensor<T> average;
  };

  double decay_;
  std::int64_t updates_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace effv2::inline EFFV2_ISA::optim
