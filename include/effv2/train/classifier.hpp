// A trained network, asked about one picture.
#pragma once

#include <cstdint>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../core/picture_size.hpp"
#include "../core/tensor.hpp"
#include "../data/normalize.hpp"
#include "../data/resize.hpp"
#include "../io/model_file.hpp"
#include "../kernels/loss.hpp"
#include "../nn/context.hpp"

namespace effv2::inline EFFV2_ISA::train {

/// Prepares a picture as the network's card says, and asks the network:
///
///   const auto network = io::load_model<float>("parts.safetensors");
///   train::Classifier classifier(network);                          // one for each thread
///   const Tensor<float> probabilities = classifier(picture);        // (1, classes)
///   const auto found = train::predicted_class(probabilities, 0);
///
/// One that has just been trained:
///
///   const io::LoadedModel<float> network{std::move(model), train::model_card(options, training)};
///
/// The network must outlive it, and may serve any number of them at once. It may be assigned
/// another one while nobody asks.
template <class T>
class Classifier {
 public:
  /// `threads` work on each picture. Throws Error(invalid_argument) if the card does not say how
  /// pictures are normalised.
  explicit Classifier(const io::LoadedModel<T>& network, int threads = 1)
      : network_(network), context_(threads) {
    read_card();
  }
  explicit Classifier(const io::LoadedModel<T>&&, int = 1) = delete;
  // Beside its network in a class that moves, it would be left with the old place.
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;

  /// The probability of each class, (1, classes), for a picture (H, W, C). One of another size than
  /// the card's is resized. Throws Error(non_finite) if the network does not answer in numbers.
  Tensor<T> operator()(View<const std::uint8_t> picture) {
    EFFV2_CHECK(picture.shape().rank() == 3 && picture.size() > 0, ErrorCode::shape_mismatch,
                "[classifier] expected a picture (H, W, C), got ", picture.shape());
    if (card_ != network_.card || channels_ != network_.model.options.in_channels) read_card();
    const PictureSize own(picture.extent(0), picture.extent(1));
    const PictureSize size = card_.image_size.value_or(own);
    const std::int64_t channels = picture.extent(2);
    Tensor<T> x({size.height, size.width, channels});
    if (size == own) {
      normalizer_(x, picture);
    } else {  // as the loader does it, not rounded to bytes
      data::Resizer<T>(own.height, own.width, size.height, size.width, channels)(x.view(), picture);
      normalizer_(x);
    }
    x.reshape({1, size.height, size.width, channels});
    Tensor<T> answer = network_.model.infer(x, context_);
    EFFV2_CHECK(is_finite<T>(answer), ErrorCode::non_finite,
                "[classifier] the network's answer is not finite");
    kernels::softmax<T>(answer, answer);
    return answer;
  }

 private:
  void read_card() {
    const io::ModelCard& card = network_.card;
    const models::EfficientNetOptions& options = network_.model.options;
    card.validate(options.in_channels, options.classes);
    EFFV2_CHECK(
        !card.mean.empty(), ErrorCode::invalid_argument,
        "[classifier] the network does not say how its pictures are normalised: it was saved "
        "without a card");
    normalizer_ = {card.mean, card.deviation, options.in_channels};
    card_ = card, channels_ = options.in_channels;
  }

  const io::LoadedModel<T>& network_;
  nn::Context<T> context_;
  io::ModelCard card_;  // that the normaliser is of
  std::int64_t channels_ = 0;
  data::Normalizer<T> normalizer_;
};

}  // namespace effv2::inline EFFV2_ISA::train
