// An exponential moving average of a model's weights and batch norm statistics.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
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
    const auto add = [&](const std::string& path, nn::Variable<T>& variable) {
      entries_.push_back({path, &variable, Tensor<T>(variable.value())});
    };
    nn::for_each_parameter(model, add);
    parameters_ = entries_.size();
    nn::for_each_state(model, add);
  }

  void update(const Execution& run) {
    check_sizes();
    begin_update();
    update_entries(0, entries_.size(), run);
  }

  /// An update in parts, by an optimiser that has the new weights in its cache: check_sizes and
  /// begin_update, then every piece of every parameter once (numbered as visited), then the states.
  void check_sizes() const {
    for (const Entry& entry : entries_) {
      EFFV2_CHECK(entry.variable->size() == entry.average.size(), ErrorCode::shape_mismatch,
                  "[ema] ", entry.path, " has ", entry.variable->size(), " numbers, and had ",
                  entry.average.size(), " when the average was made");
    }
  }
  void begin_update() {
    const auto t = static_cast<double>(updates_++);
    rest_ = static_cast<T>(1.0 - std::min(decay_, (1.0 + t) / (10.0 + t)));
  }
  void update_piece(std::size_t entry, std::int64_t begin, std::int64_t count) {
    T* average = entries_[entry].average.data() + begin;
    const T* value = std::as_const(*entries_[entry].variable).value().data() + begin;
    const simd::Vector<T> rest(rest_);
    simd::for_each_vector<T>(count, [&](std::int64_t i, auto lanes) {
      const auto a = lanes.stream(average + i);
      lanes.store(average + i, simd::fma<T>(lanes.stream(value + i) - a, rest, a));
    });
  }
  bool follows(std::size_t entry, const nn::Variable<T>& variable) const {
    return entry < entries_.size() && entries_[entry].variable == &variable;
  }
  void update_states(const Execution& run) { update_entries(parameters_, entries_.size(), run); }

  /// Exchanges the model's values with the average: call it before and after an evaluation.
  void swap() {
    for (Entry& entry : entries_) std::swap(entry.variable->edit(), entry.average);
  }

  std::int64_t updates() const { return updates_; }

  /// f(name, value) for all that changes from step to step: what a checkpoint has to keep.
  template <class F>
  void visit_state(F&& f) {
    f("updates", updates_);
    for (Entry& entry : entries_) f("average." + entry.path, entry.average);
  }

 private:
  struct Entry {
    std::string path;
    nn::Variable<T>* variable;
    Tensor<T> average;
  };

  void update_entries(std::size_t first, std::size_t last, const Execution& run) {
    parallel_for(static_cast<std::int64_t>(last - first), run.threads(), [=, this](std::int64_t i) {
      const std::size_t entry = first + static_cast<std::size_t>(i);
      update_piece(entry, 0, entries_[entry].average.size());
    });
  }

  double decay_;
  T rest_{};
  std::int64_t updates_ = 0;
  std::size_t parameters_ = 0;  // so many entries come first
  std::vector<Entry> entries_;
};

}  // namespace effv2::inline EFFV2_ISA::optim
