// An evaluation whose every answer is known, for the tests of reports.
#pragma once

#include <cstdint>
#include <effv2/data/dataset.hpp>
#include <effv2/train/metrics.hpp>
#include <string>
#include <utility>
#include <vector>

namespace effv2::testing {

struct Answer {
  std::int32_t truth, said;
  float confidence;
};

/// Pictures of 4 x 5 pixels, all of them different, and what was said of each.
inline std::pair<data::Dataset, train::Evaluation> answered(
    const std::vector<Answer>& answers, std::int64_t classes,
    std::vector<std::string> class_names = {}, std::int64_t channels = 1) {
  const auto count = static_cast<std::int64_t>(answers.size());
  Tensor<std::uint8_t> images({count, 4, 5, channels});
  train::Evaluation evaluation{0.25, train::ConfusionMatrix(classes), {}, {}};
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    const Answer& answer = answers[static_cast<std::size_t>(i)];
    for (std::int64_t p = 0; p < 20 * channels; ++p) {
      images[i * 20 * channels + p] = static_cast<std::uint8_t>(7 * i + p);
    }
    labels.push_back(answer.truth);
    evaluation.predictions.push_back(answer.said);
    evaluation.confidences.push_back(answer.confidence);
    evaluation.confusion.add(answer.truth, answer.said);
  }
  return {
      data::Dataset::from(std::move(images), std::move(labels), classes, std::move(class_names)),
      std::move(evaluation)};
}

}  // namespace effv2::testing
