// The statistics of a model as they were.
#pragma once

#include <string>
#include <vector>

#include "../core/isa.hpp"
#include "../core/tensor.hpp"
#include "parameter.hpp"
#include "visit.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// Values of all states of a model, which must outlive it and stay in place, to go back to. A
/// forward pass changes them before anybody knows whether it will do.
template <class T>
class StateSnapshot {
 public:
  template <class Model>
  explicit StateSnapshot(Model& model) {
    for_each_state(model, [this](const std::string&, State<T>& state) {
      states_.push_back({&state, {}});
    });
  }

  void take() {
    for (auto& [state, before] : states_) before = state->value();
  }
  void restore() {
    for (auto& [state, before] : states_) state->edit() = before;
  }

 private:
  struct Entry {
    State<T>* state;
    Tensor<T> before;
  };
  std::vector<Entry> states_;
};

}  // namespace effv2::inline EFFV2_ISA::nn
