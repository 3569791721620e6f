// How good a classifier is.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/tensor.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// The class with the largest logit; the first of equals. logits (N, K), row n. Throws
/// Error(non_finite) where one is not a number: that is no class.
template <class T>
std::int32_t predicted_class(View<const T> logits, std::int64_t n) {
  EFFV2_CHECK(logits.shape().rank() == 2 && n >= 0 && n < logits.extent(0) && logits.extent(1) > 0,
              ErrorCode::shape_mismatch, "[predict] expected logits (N, K) of sample ", n, ", got ",
              logits.shape());
  const std::int64_t classes = logits.extent(1);
  const T* row = logits.data() + n * classes;
  std::int32_t best = 0;
  bool are_numbers = true;
  for (std::int64_t k = 0; k < classes; ++k) {
    are_numbers = are_numbers && std::isfinite(row[k]);
    if (row[k] > row[best]) best = static_cast<std::int32_t>(k);
  }
  EFFV2_CHECK(are_numbers, ErrorCode::non_finite, "[predict] the logits of sample ", n,
              " are not finite");
  return best;
}

/// Counts of (true class, predicted class).
class ConfusionMatrix {
 public:
  ConfusionMatrix() = default;
  explicit ConfusionMatrix(std::int64_t classes) : classes_(classes) {
    EFFV2_CHECK(classes >= 0 && classes <= most_classes, ErrorCode::invalid_argument,
                "[confusion] expected 0 to ", most_classes, " classes, got ", classes);
    counts_.resize(static_cast<std::size_t>(classes * classes));
  }

  void add(std::int64_t truth, std::int64_t predicted) { ++counts_[index(truth, predicted)]; }

  std::int64_t classes() const { return classes_; }
  std::int64_t count(std::int64_t truth, std::int64_t predicted) const {
    return counts_[index(truth, predicted)];
  }
  std::int64_t total() const {
    std::int64_t sum = 0;
    for (const std::int64_t count : counts_) sum += count;
    return sum;
  }
  std::int64_t correct() const {
    std::int64_t sum = 0;
    for (std::int64_t k = 0; k < classes_; ++k) sum += count(k, k);
    return sum;
  }
  /// Samples of a class.
  std::int64_t support(std::int64_t truth) const {
    std::int64_t sum = 0;
    for (std::int64_t k = 0; k < classes_; ++k) sum += count(truth, k);
    return sum;
  }
  /// Of the samples of a class, how many were found; 0 if there are none.
  double recall(std::int64_t k) const { return ratio(count(k, k), support(k)); }
  /// Of the samples called k, how many are; 0 if none were.
  double precision(std::int64_t k) const {
    std::int64_t called = 0;
    for (std::int64_t truth = 0; truth < classes_; ++truth) called += count(truth, k);
    return ratio(count(k, k), called);
  }
  double accuracy() const { return ratio(correct(), total()); }

 private:
  static constexpr std::int64_t most_classes = 1 << 16;

  std::size_t index(std::int64_t truth, std::int64_t predicted) const {
    EFFV2_CHECK(truth >= 0 && truth < classes_ && predicted >= 0 && predicted < classes_,
                ErrorCode::invalid_argument, "[confusion] expected classes below ", classes_,
                ", got ", truth, " and ", predicted);
    return static_cast<std::size_t>(truth * classes_ + predicted);
  }
  static double ratio(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }

  std::int64_t classes_ = 0;
  std::vector<std::int64_t> counts_;
};

/// How a model does on a data set, and what it said of each sample.
struct Evaluation {
  double loss = 0.0;  // cross-entropy, without smoothing
  ConfusionMatrix confusion;
  std::vector<std::int32_t> predictions;
  std::vector<float> confidences;  // the probability of each prediction

  /// NaN if there was nothing to evaluate.
  double accuracy() const {
    return confusion.total() == 0 ? std::numeric_limits<double>::quiet_NaN() : confusion.accuracy();
  }
};

}  // namespace effv2::inline EFFV2_ISA::train
