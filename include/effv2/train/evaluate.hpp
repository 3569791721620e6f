// How well a model knows a data set.
#pragma once

#include <cstdint>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/picture_size.hpp"
#include "../core/tensor.hpp"
#include "../data/dataset.hpp"
#include "../data/loader.hpp"
#include "../kernels/loss.hpp"
#include "../nn/context.hpp"
#include "metrics.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// Throws unless the model tells as many classes apart as the data have.
template <class T>
void check_classes(const Tensor<T>& logits, const data::Dataset& dataset) {
  EFFV2_CHECK(logits.rank() == 2 && logits.extent(1) == dataset.classes, ErrorCode::shape_mismatch,
              "[train] expected logits (N, ", dataset.classes, ") for the data's classes, got ",
              logits.shape());
}

/// Throws unless the test images are of the training images' kind.
inline void check_test_images(const data::Dataset& test, const data::Dataset& training,
                              PictureSize size) {
  test.validate();
  EFFV2_CHECK(size.is_given() || test.picture_size() == training.picture_size(),
              ErrorCode::shape_mismatch, "[fit] the test images have ", test.height(), 'x',
              test.width(), " pixels and those to learn from ", training.height(), 'x',
              training.width(), ": data.image_size has to say which it is to be");
  EFFV2_CHECK(test.classes == training.classes && test.channels() == training.channels(),
              ErrorCode::shape_mismatch, "[fit] expected test images of ", training.classes,
              " classes and ", training.channels(), " channels, as in training, got ", test.classes,
              " and ", test.channels());
  EFFV2_CHECK(test.class_names.empty() || training.class_names.empty() ||
                  test.class_names == training.class_names,
              ErrorCode::invalid_argument,
              "[fit] the classes of the test images have other names than in training");
}

/// Runs a model over a data set in order, in inference mode. `options` as in training
/// (FitOptions::data): the model expects the same normalisation and size. Throws Error(non_finite)
/// if the model does not answer in numbers.
template <class Model>
Evaluation evaluate(const Model& model, const data::Dataset& dataset,
                    const data::LoaderOptions& options,
                    nn::Context<typename Model::value_type>& context) {
  using T = typename Model::value_type;
  data::Loader<T> loader(dataset, options.evaluation().beside(context.execution.threads()));
  Evaluation result{0.0, {}, {}, {}};
  result.predictions.reserve(dataset.labels.size());
  result.confidences.reserve(dataset.labels.size());
  loader.start(0);
  while (const data::Batch<T>* batch = loader.next()) {
    const Tensor<T> logits = model.infer(batch->images, context);
    check_classes(logits, dataset);
    if (result.predictions.empty()) result.confusion = ConfusionMatrix(dataset.classes);
    Tensor<T> targets = context.tensor(logits.shape()), unused = context.tensor(logits.shape());
    kernels::smooth_targets<T>(targets, batch->labels, 0.0);
    result.loss += kernels::softmax_cross_entropy<T>(unused, logits, targets) *
                   static_cast<double>(batch->labels.size());
    Tensor<T>& probabilities = targets;  // which nobody needs any more
    kernels::softmax<T>(probabilities, logits);
    for (std::int64_t n = 0; n < batch->size(); ++n) {
      const std::int32_t said = predicted_class<T>(logits, n);
      result.predictions.push_back(said);
      result.confidences.push_back(static_cast<float>(probabilities(n, said)));
      result.confusion.add(batch->labels[static_cast<std::size_t>(n)], said);
    }
  }
  result.loss /= static_cast<double>(dataset.labels.size());
  return result;
}

}  // namespace effv2::inline EFFV2_ISA::train
