// Softmax cross-entropy against soft targets, with its gradient.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <span>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::kernels {

namespace detail {

inline void check_labels(std::span<const std::int32_t> labels, std::int64_t classes) {
  for (const std::int32_t label : labels) {
    EFFV2_CHECK(label >= 0 && label < classes, ErrorCode::invalid_argument,
                "[loss] expected labels in [0, ", classes, "), got ", label);
  }
}

}  // namespace detail

/// targets[n, k] = (1 - smoothing) [k == labels[n]] + smoothing / K. targets (N, K). Throws
/// Error(shape_mismatch) unless there is a label for each row, Error(invalid_argument) unless it is
/// in [0, K).
template <class T>
void smooth_targets(View<T> targets, std::span<const std::int32_t> labels, double smoothing) {
  EFFV2_CHECK(targets.shape().rank() == 2 && targets.extent(0) == std::ssize(labels),
              ErrorCode::shape_mismatch, "[loss] expected targets (", labels.size(),
              ", K), one row per label, got ", targets.shape());
  const std::int64_t classes = targets.extent(1);
  detail::check_labels(labels, classes);
  std::fill(targets.begin(), targets.end(),
            static_cast<T>(smoothing / static_cast<double>(classes)));
  for (std::size_t n = 0; n < labels.size(); ++n) {
    targets[static_cast<std::int64_t>(n) * classes + labels[n]] += static_cast<T>(1.0 - smoothing);
  }
}

/// targets[n, k] *= weights[labels[n]], so that a sample's loss counts as often as its class does.
/// targets (N, K), K weights; errors as smooth_targets.
template <class T>
void weigh_targets(View<T> targets, std::span<const std::int32_t> labels,
                   std::span<const double> weights) {
  const std::int64_t classes = std::ssize(weights);
  EFFV2_CHECK(targets.shape() == Shape({std::ssize(labels), classes}), ErrorCode::shape_mismatch,
              "[loss] expected targets (", labels.size(), ", ", classes,
              "), a row per label and a column per weight, got ", targets.shape());
  detail::check_labels(labels, classes);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    T* const row = targets.data() + static_cast<std::int64_t>(n) * classes;
    const double weight = weights[static_cast<std::size_t>(labels[n])];
    for (std::int64_t k = 0; k < classes; ++k) row[k] *= static_cast<T>(weight);
  }
}

namespace detail {

// log sum over k of e^z[k], so that softmax is e^(z - it); shifted by the largest, no power
// overflows.
template <class T>
double log_sum_exp(std::span<const T> z) {
  const auto largest = static_cast<double>(*std::max_element(z.begin(), z.end()));
  double sum = 0.0;
  for (const T value : z) sum += std::exp(static_cast<double>(value) - largest);
  return largest + std::log(sum);
}

}  // namespace detail

/// The mean over the batch of  -sum over k of t[n, k] log p[n, k]  with p = softmax(z), and
///
///   dz[n, k] = (p[n, k] sum over j of t[n, j] - t[n, k]) / N
///
/// logits z, targets t and dz are (N, K), N > 0; Error(shape_mismatch) otherwise.
template <class T>
double softmax_cross_entropy(View<T> dlogits, View<const T> logits, View<const T> targets) {
  EFFV2_CHECK(logits.shape().rank() == 2 && logits.size() > 0 &&
                  targets.shape() == logits.shape() && dlogits.shape() == logits.shape(),
              ErrorCode::shape_mismatch, "[loss] expected logits (N, K), as many targets and as ",
              "many gradients, got ", logits.shape(), ", ", targets.shape(), " and ",
              dlogits.shape());
  const std::int64_t batch = logits.extent(0), classes = logits.extent(1);
  double total = 0.0;
  for (std::int64_t n = 0; n < batch; ++n) {
    const T* z = logits.data() + n * classes;
    const T* t = targets.data() + n * classes;
    const double normalizer = detail::log_sum_exp<T>({z, z + classes});
    double mass = 0.0;
    for (std::int64_t k = 0; k < classes; ++k) {
      mass += static_cast<double>(t[k]);
      total += static_cast<double>(t[k]) * (normalizer - static_cast<double>(z[k]));
    }
    for (std::int64_t k = 0; k < classes; ++k) {
      const double p = std::exp(static_cast<double>(z[k]) - normalizer);
      dlogits[n * classes + k] =
          static_cast<T>((p * mass - static_cast<double>(t[k])) / static_cast<double>(batch));
    }
  }
  return total / static_cast<double>(batch);
}

/// p[n, k] = softmax over k of z[n, k]; both (N, K), else Error(shape_mismatch); they may be the
/// same memory.
template <class T>
void softmax(View<T> probabilities, View<const T> logits) {
  EFFV2_CHECK(
      logits.shape().rank() == 2 && logits.extent(1) > 0 && probabilities.shape() == logits.shape(),
      ErrorCode::shape_mismatch, "[softmax] expected logits (N, K) and as many ",
      "probabilities, got ", logits.shape(), " and ", probabilities.shape());
  const std::int64_t batch = logits.extent(0), classes = logits.extent(1);
  for (std::int64_t n = 0; n < batch; ++n) {
    const T* z = logits.data() + n * classes;
    const double normalizer = detail::log_sum_exp<T>({z, z + classes});
    for (std::int64_t k = 0; k < classes; ++k) {
      probabilities[n * classes + k] =
          static_cast<T>(std::exp(static_cast<double>(z[k]) - normalizer));
    }
  }
}

}  // namespace effv2::inline EFFV2_ISA::kernels
