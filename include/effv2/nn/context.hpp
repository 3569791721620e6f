// What one thread of a program needs to run models: threads, memory, randomness, packed weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "../core/execution.hpp"
#include "../core/isa.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"
#include "../kernels/conv2d.hpp"
#include "../kernels/packed_matrix.hpp"
#include "../kernels/window.hpp"
#include "parameter.hpp"

namespace effv2::inline EFFV2_ISA::nn {

/// Passed to every forward, backward and infer. It holds nothing that outlives a step but caches,
/// so any model can run with any context; two threads that run one model use a context each.
template <class T>
class Context {
 public:
  explicit Context(int threads = 0, std::uint64_t seed = 0) : execution(threads), seed_(seed) {}

  /// Handed on to the kernels.
  Execution execution;

  /// What batch norms weigh a batch's statistics with, instead of by their own momentum: 1 / i for
  /// batch i = 1, 2, ... makes the running statistics the means over these batches.
  std::optional<double> statistics_momentum = {};

  /// Whether dropout and drop path leave anything out in a forward pass: as long as the pictures
  /// are not those of which statistics are estimated.
  bool drops = true;

  /// A tensor for a layer's result, with arbitrary values, from the context's pool.
  Tensor<T> tensor(const Shape& shape) const { return execution.scratch<T>(shape); }

  /// Starts training step `step`: random layers draw the same numbers whenever the same step of
  /// the same seed is run again. `data`, if given, is the input whose gradient nobody wants, of a
  /// network that says skips_data_gradient(): the layer that reads it returns an empty tensor from
  /// its backward pass.
  void begin_step(std::uint64_t step, View<const T> data = {}) {
    step_ = static_cast<std::uint32_t>(step);
    data_ = data.data();
    next_stream_ = streams::first_layer;
    non_finite_ = nullptr;
  }

  /// Notes that a layer met numbers that are not finite; the first one of a step counts.
  /// `variable`: one that the layer owns, by which its path is found.
  void note_non_finite(const Variable<T>& variable) {
    if (non_finite_ == nullptr) non_finite_ = &variable;
  }
  const Variable<T>* non_finite() const { return non_finite_; }

  /// The random stream of the next layer that asks in this step.
  RandomStream next_random() { return {seed_, next_stream_++, step_}; }

  /// Whether `x` is the step's data, whose gradient nobody wants.
  bool is_data(View<const T> x) const { return data_ != nullptr && x.data() == data_; }
  /// From here on `y` is, which layers without anything to learn made of it (see forward_data).
  void set_data(View<const T> y) { data_ = y.data(); }

  /// The tap plan of a window, made once. Valid until the next call: where pictures are of many
  /// sizes the oldest plans make room.
  const kernels::WindowPlan& plan(const kernels::Window& window) {
    for (const auto& plan : plans_) {
      if (plan->window == window) return *plan;
    }
    constexpr std::size_t most_plans = 256, most_bytes = std::size_t{256} << 20;
    std::size_t bytes = 0;
    for (const auto& plan : plans_) bytes += plan->bytes();
    while (plans_.size() == most_plans || bytes > most_bytes) {
      bytes -= plans_.front()->bytes();
      plans_.erase(plans_.begin());
    }
    plans_.push_back(std::make_unique<kernels::WindowPlan>(window));
    return *plans_.back();
  }

  /// The weights (k, k, I, O) or (I, O) packed for one use by the kernels, with the window of a
  /// convolution. Training packs them for every use, because they change every step: memory that is
  /// used over and over stays in the caches.
  kernels::PackedMatrix<T> pack(const Variable<T>& weights, kernels::Transpose transpose,
                                const kernels::Window& window = {}) const {
    kernels::PackedMatrix<T> matrix;
    pack_into(matrix, weights.value(), transpose, window);
    return matrix;
  }

  /// The same, kept for inference, and packed anew when the weights have changed. Those of models
  /// that are no more are kept until clear().
  const kernels::PackedMatrix<T>& packed(const Variable<T>& weights,
                                         const kernels::Window& window = {}) {
    Packed& entry = packed_[&weights];
    if (entry.version != weights.version() ||
        entry.matrix.taps != packed_taps(weights.shape(), window)) {
      entry.version.reset();  // until it is whole again
      pack_into(entry.matrix, weights.value(), kernels::Transpose::no, window);
      entry.version = weights.version();
    }
    return entry.matrix;
  }

  /// Weights and bias that `make(weights, bias)` derives from variables, the newest of which has
  /// `version`; made anew when that changes. weights is shaped like `source`; those of a matrix
  /// product (rank 4) are packed for the window.
  struct Derived {
    std::optional<std::uint64_t> version;
    kernels::PackedMatrix<T> matrix;
    Tensor<T> weights, bias;
  };
  template <class Make>
  const Derived& derived(const Variable<T>& source, std::uint64_t version,
                         const kernels::Window& window, Make&& make) {
    Derived& entry = derived_[&source];
    const Shape& shape = source.shape();
    const bool is_matrix = shape.rank() == 4;
    if (entry.version != version ||
        (is_matrix && entry.matrix.taps != packed_taps(shape, window))) {
      entry.version.reset();  // until it is whole again
      entry.weights = Tensor<T>(shape);
      entry.bias = Tensor<T>({shape[shape.rank() - 1]});
      make(entry.weights, entry.bias);
      if (is_matrix) {
        pack_into(entry.matrix, entry.weights, kernels::Transpose::no, window);
        entry.weights = {};
      }
      entry.version = version;
    }
    return entry;
  }

  /// Forgets packed weights and gives free memory back.
  void clear() {
    packed_.clear();
    derived_.clear();
    plans_.clear();
    execution.pool->trim();
  }

 private:
  void pack_into(kernels::PackedMatrix<T>& matrix, const Tensor<T>& weights,
                 kernels::Transpose transpose, const kernels::Window& window) const {
    const int rank = weights.rank();
    kernels::conv2d_pack<T>(matrix, weights, weights.extent(rank - 2), weights.extent(rank - 1),
                            window, transpose, execution);
  }

  static std::int64_t packed_taps(const Shape& weights, const kernels::Window& window) {
    return kernels::packed_taps(window, weights[weights.rank() - 2], weights[weights.rank() - 1]);
  }

  std::uint64_t seed_;
  const T* data_ = nullptr;
  const Variable<T>* non_finite_ = nullptr;
  std::uint32_t step_ = 0, next_stream_ = streams::first_layer;
  std::vector<std::unique_ptr<kernels::WindowPlan>> plans_;
  struct Packed {
    std::optional<std::uint64_t> version;
    kernels::PackedMatrix<T> matrix;
  };
  std::map<const void*, Packed> packed_;
  std::map<const void*, Derived> derived_;
};

}  // namespace effv2::inline EFFV2_ISA::nn
