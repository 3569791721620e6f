// What all optimisers share: which parameters, in which groups, and the two passes of a step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "../core/error.hpp"
#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/simd.hpp"
#include "../core/tensor.hpp"
#include "../kernels/elementwise.hpp"
#include "../nn/parameter.hpp"
#include "../nn/visit.hpp"
#include "ema.hpp"

namespace effv2::inline EFFV2_ISA::optim {

namespace detail {

inline void check_rate(double value, const char* name) {
  EFFV2_CHECK(value >= 0.0 && value < 1.0, ErrorCode::invalid_argument, "[optimizer] expected ",
              name, " in [0, 1), got ", value);
}

inline void check_not_negative(double value, const char* name) {
  EFFV2_CHECK(value >= 0.0 && std::isfinite(value), ErrorCode::invalid_argument,
              "[optimizer] expected ", name, " of at least 0, got ", value);
}

// The smallest that no number type of a moment makes zero: without one, a gradient of zero would
// give 0 / 0.
inline void check_epsilon(double value) {
  EFFV2_CHECK(value >= 1e-30 && std::isfinite(value), ErrorCode::invalid_argument,
              "[optimizer] expected epsilon of at least 1e-30, got ", value);
}

}  // namespace detail

/// One parameter as an optimiser sees it.
template <class T>
struct Slot {
  std::string path;
  nn::Parameter<T>* parameter = nullptr;
  Tensor<T> first, second;  // moments; which ones are used depends on the optimiser
  Tensor<T> direction;      // of the coming update, where begin_step finds it out; not kept
  double learning_rate_scale = 1.0;
  double weight_decay = 0.0;
  std::int64_t updates = 0;  // as many as there were while it was not frozen
};

/// A piece of one parameter, for the fused update passes.
template <class T>
struct UpdateSpan {
  T* value = nullptr;
  const T* gradient = nullptr;
  T* first = nullptr;
  T* second = nullptr;
  const T* direction = nullptr;
  std::int64_t count = 0;
  std::int64_t updates = 0;  // of the parameter, this one not counted
};

/// Base of the optimisers. Holds pointers into the model, which must outlive it and stay in place.
/// (`model = another` of the same table keeps it in place.)
///
/// One of your own is derived from it, says which moments it has, and overrides update(). What else
/// changes from step to step in it, checkpoints keep if it was given to register_state().
template <class T>
class Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer() = default;

  /// Gradients are scaled down to this global norm if it is larger; 0: never.
  double clip_norm = 0.0;

  /// Sets rate and decay of every parameter at or below `prefix`: group("classifier", 10.0, 0.0).
  /// Parameters that do not decay by nature (biases, batch norm) still do not.
  void group(std::string_view prefix, double learning_rate_scale, double weight_decay) {
    detail::check_not_negative(learning_rate_scale, "a scale of the learning rate");
    detail::check_not_negative(weight_decay, "weight decay");
    bool found = false;
    for (Slot<T>& slot : slots_) {
      if (!nn::lies_below(slot.path, prefix)) continue;
      slot.learning_rate_scale = learning_rate_scale;
      slot.weight_decay = slot.parameter->decays ? weight_decay : 0.0;
      found = true;
    }
    EFFV2_CHECK(found, ErrorCode::invalid_argument, "[optimizer] no parameter at or below \"",
                prefix, "\"");
  }

  /// One update of every parameter that is not frozen; clears the gradients. Returns the global
  /// norm of the gradients. A first pass only reads them: if any is not finite, throws
  /// Error(non_finite) with the parameter's path, having changed nothing: nn::zero_gradients() lets
  /// the next backward pass begin anew. An average of the same model, if given, is updated in the
  /// same pass.
  double step(double learning_rate, const Execution& run, Ema<T>* average = nullptr) {
    detail::check_not_negative(learning_rate, "a learning rate");
    detail::check_not_negative(clip_norm, "a norm to clip at");
    if (average != nullptr) average->check_sizes();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      nn::Parameter<T>& parameter = *slots_[i].parameter;
      EFFV2_CHECK(parameter.size() == spans_[i].count, ErrorCode::shape_mismatch, "[optimizer] ",
                  slots_[i].path, " has ", parameter.size(), " numbers, and had ", spans_[i].count,
                  " when the optimizer was made");
      spans_[i].gradient = parameter.frozen ? nullptr : parameter.gradient().data();
      EFFV2_CHECK(average == nullptr || average->follows(i, parameter), ErrorCode::invalid_argument,
                  "[optimizer] the average is of another model than the optimizer");
    }
    const double norm = gradient_norm(run);
    const double scale = clip_norm > 0.0 && norm > clip_norm ? clip_norm / norm : 1.0;
    EFFV2_CHECK(norm * scale < largest_norm, ErrorCode::non_finite,
                "[optimizer] the gradient's norm of ", norm,
                " is too large for its square to be a number; nothing was updated");
    begin_step(scale, run);
    ++steps_;
    if (average != nullptr) average->begin_update();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      nn::Parameter<T>& parameter = *slots_[i].parameter;
      spans_[i].value = parameter.frozen ? nullptr : parameter.edit().data();
    }
    parallel_for(static_cast<std::int64_t>(chunks_.size()), run.threads_for(numbers_),
                 [&](std::int64_t index) {
                   const Chunk& chunk = chunks_[static_cast<std::size_t>(index)];
                   const Slot<T>& slot = slots_[chunk.slot];
                   if (spans_[chunk.slot].value != nullptr) {
                     update(span_of(chunk), learning_rate * slot.learning_rate_scale,
                            slot.weight_decay, scale);
                   }
                   if (average != nullptr)
                     average->update_piece(chunk.slot, chunk.begin, chunk.count);
                 });
    if (average != nullptr) average->update_states(run);
    for (Slot<T>& slot : slots_) {
      if (!slot.parameter->frozen) ++slot.updates;
      slot.parameter->clear_gradient();
    }
    return norm;
  }

  std::int64_t steps() const { return steps_; }

  /// Whether it updates all parameters of this model and no others.
  template <class Model>
  bool is_of(Model& model) const {
    std::size_t index = 0;
    bool agrees = true;
    nn::for_each_parameter(model, [&](const std::string&, nn::Parameter<T>& parameter) {
      agrees = agrees && index < slots_.size() && slots_[index].parameter == &parameter;
      ++index;
    });
    return agrees && index == slots_.size();
  }

  /// f(name, value) for all that changes from step to step: what a checkpoint has to keep.
  template <class F>
  void visit_state(F&& f) {
    f("steps", steps_);
    for (Slot<T>& slot : slots_) {
      f("updates." + slot.path, slot.updates);
      if (!slot.first.empty()) f("first." + slot.path, slot.first);
      if (!slot.second.empty()) f("second." + slot.path, slot.second);
    }
    for (auto& own : registered_) {  // no [name, place]: before clang 16 no lambda captures these
      std::visit([&](auto* value) { f("own." + own.first, *value); }, own.second);
    }
  }
  std::span<Slot<T>> slots() { return slots_; }
  std::span<const Slot<T>> slots() const { return slots_; }

 protected:
  struct Moments {
    bool first, second;
    double second_start = 0.0;
  };

  template <class Model>
  EFFV2_SETUP Optimizer(Model& model, double weight_decay, Moments moments) {
    nn::for_each_parameter(model, [&](const std::string& path, nn::Parameter<T>& parameter) {
      for (const Slot<T>& other : slots_) {
        EFFV2_CHECK(other.parameter != &parameter, ErrorCode::unsupported, "[optimizer] ", path,
                    " is ", other.path, " once more: parameters cannot be shared");
      }
      Slot<T> slot{.path = path,
                   .parameter = &parameter,
                   .first = {},
                   .second = {},
                   .direction = {},
                   .weight_decay = parameter.decays ? weight_decay : 0.0};
      if (moments.first) slot.first = Tensor<T>(parameter.shape());
      if (moments.second) {
        slot.second = Tensor<T>::filled(parameter.shape(), static_cast<T>(moments.second_start));
      }
      parameter.gradient();
      for (std::int64_t begin = 0; begin < parameter.size(); begin += chunk_size) {
        chunks_.push_back({slots_.size(), begin, std::min(chunk_size, parameter.size() - begin)});
      }
      numbers_ += parameter.size();
      spans_.push_back({.count = parameter.size()});
      slots_.push_back(std::move(slot));
    });
    EFFV2_CHECK(!slots_.empty(), ErrorCode::invalid_argument,
                "[optimizer] the model has no parameters");
    partials_.resize(chunks_.size());
  }

  /// A member of a derived optimiser that changes from step to step: a number, or a tensor whose
  /// shape stays. Kept by reference.
  template <class Value>
  requires std::is_same_v<Value, Tensor<T>> || std::is_same_v<Value, double> ||
      std::is_same_v<Value, std::int64_t>
  void register_state(std::string name, Value& value) {
    for (const auto& [other, place] : registered_) {
      EFFV2_CHECK(other != name, ErrorCode::invalid_argument, "[optimizer] a second state \"", name,
                  '"');
    }
    registered_.emplace_back(std::move(name), &value);
  }

  /// Called once a step, before the updates; steps() does not count it yet. If it throws, the step
  /// has not been, so nothing may change but directions.
  virtual void begin_step(double /*gradient_scale*/, const Execution&) {}

  /// Updates one span with gradients scaled by `gradient_scale`. Must not throw: other spans have
  /// been updated by then.
  virtual void update(UpdateSpan<T> span, double learning_rate, double weight_decay,
                      double gradient_scale) const = 0;

 private:
  // Beyond it the squares in second moments are not finite.
  static constexpr double largest_norm = std::is_same_v<T, double> ? 1e150 : 1e18;

  // 64 KiB of floats: a chunk's value, gradient and moments fit into the second-level cache.
  static constexpr std::int64_t chunk_size = 16384;
  struct Chunk {
    std::size_t slot;
    std::int64_t begin, count;
  };

  // The chunks' sums are added in order, so the norm does not depend on the threads.
  double gradient_norm(const Execution& run) {
    parallel_for(static_cast<std::int64_t>(chunks_.size()), run.threads_for(numbers_),
                 [&](std::int64_t index) {
                   const Chunk& chunk = chunks_[static_cast<std::size_t>(index)];
                   simd::Vector<T> sum(T{});
                   if (!slots_[chunk.slot].parameter->frozen) {
                     const T* g = spans_[chunk.slot].gradient + chunk.begin;
                     simd::for_each_vector<T>(chunk.count, [&](std::int64_t i, auto lanes) {
                       const auto value = lanes.stream(g + i);
                       sum = simd::fma<T>(value, value, sum);
                     });
                   }
                   partials_[static_cast<std::size_t>(index)] =
                       static_cast<double>(simd::reduce_add<T>(sum));
                 });
    // From the last to the first: a backward pass begins at the end, so the last is the first to
    // fail.
    for (std::size_t i = chunks_.size(); i-- > 0;) {
      if (!std::isfinite(partials_[i])) partials_[i] = squares_of(chunks_[i]);
      EFFV2_CHECK(std::isfinite(partials_[i]), ErrorCode::non_finite,
                  "[optimizer] the gradient of ", slots_[chunks_[i].slot].path,
                  " is not finite; nothing was updated");
    }
    double total = 0.0;
    for (const double partial : partials_) total += partial;
    return std::sqrt(total);
  }

  double squares_of(const Chunk& chunk) const {
    return kernels::sum_of_squares<T>({spans_[chunk.slot].gradient + chunk.begin, {chunk.count}});
  }

  UpdateSpan<T> span_of(const Chunk& chunk) {
    const UpdateSpan<T>& whole = spans_[chunk.slot];
    Slot<T>& slot = slots_[chunk.slot];
    const auto part_of = [&chunk](Tensor<T>& tensor) {
      return tensor.empty() ? nullptr : tensor.data() + chunk.begin;
    };
    return {whole.value + chunk.begin,
            whole.gradient + chunk.begin,
            part_of(slot.first),
            part_of(slot.second),
            part_of(slot.direction),
            chunk.count,
            slot.updates};
  }

  std::vector<Slot<T>> slots_;
  std::vector<Chunk> chunks_;
  std::vector<double> partials_;
  std::vector<UpdateSpan<T>> spans_;  // of whole parameters; null where frozen
  std::vector<std::pair<std::string, std::variant<Tensor<T>*, double*, std::int64_t*>>> registered_;
  std::int64_t numbers_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace effv2::inline EFFV2_ISA::optim
