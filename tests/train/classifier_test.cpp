#include <algorithm>
#include <cmath>
#include <effv2/models/tables.hpp>
#include <effv2/train/classifier.hpp>
#include <effv2/train/metrics.hpp>
#include <utility>

#include "../catch.hpp"
#include "../support/compare.hpp"

namespace effv2::classifier_test {

namespace {

io::LoadedModel<float> network() {
  return {models::efficientnet<float>("tiny", {.in_channels = 3, .classes = 5}, 1),
          {.image_size = {16, 24}, .mean = {0.1, 0.2, 0.3}, .deviation = {0.5}}};
}

Tensor<std::uint8_t> picture(std::int64_t height, std::int64_t width) {
  Tensor<std::uint8_t> result({height, width, 3});
  for (std::int64_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<std::uint8_t>(i * 37 % 251);
  }
  return result;
}

}  // namespace

TEST_CASE("a classifier prepares a picture as the network's card says", "[classifier]") {
  const auto trained = network();
  train::Classifier classifier(trained);
  for (const PictureSize size : {PictureSize(16, 24), PictureSize(33, 20)}) {
    const Tensor<std::uint8_t> bytes = picture(size.height, size.width);
    Tensor<double> pixels(bytes.shape());
    std::copy(bytes.begin(), bytes.end(), pixels.begin());
    const Tensor<double> sized = data::resize(pixels, 16, 24);  // not rounded to bytes
    Tensor<float> x({1, 16, 24, 3});
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const double mean = 0.1 * static_cast<double>(i % 3 + 1);
      x[i] = static_cast<float>((sized[i] / 255.0 - mean) / 0.5);
    }
    nn::Context<float> context(1);
    const Tensor<float> logits = trained.model.infer(x, context);
    double sum = 0.0;
    for (const float z : logits) sum += std::exp(static_cast<double>(z));
    const Tensor<float> probabilities = classifier(bytes);
    REQUIRE(probabilities.shape() == Shape{1, 5});
    for (std::int64_t k = 0; k < 5; ++k) {
      CHECK(probabilities[k] == Approx(std::exp(static_cast<double>(logits[k])) / sum));
    }
    CHECK(train::predicted_class<float>(probabilities, 0) ==
          train::predicted_class<float>(logits, 0));
  }
}

TEST_CASE("without a size in the card a picture stays as it is", "[classifier]") {
  auto trained = network();
  train::Classifier resizing(trained);
  const Tensor<std::uint8_t> bytes = picture(33, 20);
  const Tensor<float> resized = resizing(bytes);
  trained.card.image_size = {};
  CHECK(testing::largest_difference(train::Classifier(trained)(bytes), resized) > 1e-6);
  trained.card.image_size = {33, 20};
  const Tensor<float> whole = train::Classifier(trained)(bytes);
  trained.card.image_size = {};
  CHECK(testing::largest_difference(train::Classifier(trained)(bytes), whole) == 0.0);
}

TEST_CASE("what no classifier can work with is refused", "[classifier]") {
  auto trained = network();
  {
    train::Classifier classifier(trained);
    CHECK_THROWS_AS(classifier(Tensor<std::uint8_t>({16, 24, 1})), Error);
    CHECK_THROWS_AS(classifier(Tensor<std::uint8_t>({16, 24})), Error);
    CHECK_THROWS_AS(classifier(Tensor<std::uint8_t>()), Error);
    trained.model.classifier.bias.edit()[0] = std::nanf("");
    CHECK_THROWS_AS(classifier(picture(16, 24)), Error);
  }
  trained.card.mean = {0.1, 0.2};
  CHECK_THROWS_AS(train::Classifier(trained), Error);
  trained.card = {};
  CHECK_THROWS_AS(train::Classifier(trained), Error);
}

TEST_CASE("a classifier follows its network when that is assigned another", "[classifier]") {
  auto trained = network();
  train::Classifier classifier(trained);
  const Tensor<std::uint8_t> bytes = picture(16, 24);
  const Tensor<float> before = classifier(bytes);
  trained = {models::efficientnet<float>("tiny", {.in_channels = 3, .classes = 5}, 2),
             {.image_size = {16, 24}, .mean = {0.4}, .deviation = {0.1}}};
  const Tensor<float> after = classifier(bytes);
  CHECK(testing::largest_difference(after, train::Classifier(trained)(bytes)) == 0.0);
  CHECK(testing::largest_difference(after, before) > 1e-4);
  trained.card.mean.clear(), trained.card.deviation.clear();
  CHECK_THROWS_AS(classifier(bytes), Error);
}

}  // namespace effv2::classifier_test
