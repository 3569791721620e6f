// How good a classifier is.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <utility>
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

template <class T>
std::int32_t predicted_class(const Tensor<T>& logits, std::int64_t n) {
  return predicted_class<T>(logits.view(), n);
}

/// Counts of (true class, predicted class). It holds those that occur: of thousands of classes, few
/// pairs do.
class ConfusionMatrix {
 public:
  ConfusionMatrix() = default;
  explicit ConfusionMatrix(std::int64_t classes) {
    EFFV2_CHECK(classes >= 0, ErrorCode::invalid_argument,
                "[confusion] expected at least 0 classes, got ", classes);
    support_.resize(static_cast<std::size_t>(classes));
    called_.resize(static_cast<std::size_t>(classes));
  }

  void add(std::int64_t truth, std::int64_t predicted) {
    check(truth), check(predicted);
    ++counts_[{truth, predicted}];
    ++support_[static_cast<std::size_t>(truth)], ++called_[static_cast<std::size_t>(predicted)];
    ++total_, correct_ += truth == predicted ? 1 : 0;
  }

  std::int64_t classes() const { return std::ssize(support_); }
  std::int64_t count(std::int64_t truth, std::int64_t predicted) const {
    check(truth), check(predicted);
    const auto found = counts_.find({truth, predicted});
    return found == counts_.end() ? 0 : found->second;
  }
  std::int64_t total() const { return total_; }
  std::int64_t correct() const { return correct_; }
  /// Samples of a class.
  std::int64_t support(std::int64_t truth) const {
    check(truth);
    return support_[static_cast<std::size_t>(truth)];
  }
  /// Of the samples of a class, how many were found; 0 if there are none.
  double recall(std::int64_t k) const { return ratio(count(k, k), support(k)); }
  /// Of the samples called k, how many are; 0 if none were.
  double precision(std::int64_t k) const {
    const std::int64_t correct = count(k, k);
    return ratio(correct, called_[static_cast<std::size_t>(k)]);
  }
  double accuracy() const { return ratio(correct(), total()); }

 private:
  void check(std::int64_t k) const {
    EFFV2_CHECK(k >= 0 && k < classes(), ErrorCode::invalid_argument,
                "[confusion] expected classes below ", classes(), ", got ", k);
  }
  static double ratio(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }

  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> counts_;
  // Of each class: how many samples are it, and how many were called it.
  std::vector<std::int64_t> support_, called_;
  std::int64_t total_ = 0, correct_ = 0;
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
