#include <cmath>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/train/evaluate.hpp>

#include "../catch.hpp"
#include "../support/quarters.hpp"

namespace effv2::evaluate_test {

using testing::quarters;

namespace {

nn::Sequential<float> network() {
  nn::Sequential<float> net(nn::Flatten<float>{}, nn::Linear<float>(8 * 8, 4));
  nn::initialize(net, 1);
  return net;
}

}  // namespace

TEST_CASE("an evaluation has the probability of each answer", "[evaluate]") {
  const data::Dataset test = quarters(60, 601);
  const auto net = network();
  data::LoaderOptions loading;
  loading.batch_size = 16;
  nn::Context<float> context(1);
  const train::Evaluation evaluation = train::evaluate(net, test, loading, context);
  REQUIRE(evaluation.confidences.size() == 60);
  const data::Loader<float> loader(test, loading.evaluation());
  double loss = 0.0;
  for (std::int64_t b = 0; b < loader.batches(); ++b) {
    const data::Batch<float> batch = loader.batch(0, b);
    const Tensor<float> logits = net.infer(batch.images, context);
    for (std::int64_t n = 0; n < batch.size(); ++n) {
      const auto at = static_cast<std::size_t>(batch.first + n);
      double sum = 0.0;
      for (std::int64_t k = 0; k < 4; ++k) sum += std::exp(static_cast<double>(logits(n, k)));
      const auto probability = [&](std::int32_t k) {
        return std::exp(static_cast<double>(logits(n, k))) / sum;
      };
      CHECK(static_cast<double>(evaluation.confidences[at]) ==
            Approx(probability(evaluation.predictions[at])));
      loss -= std::log(probability(test.labels[at])) / 60.0;
    }
  }
  CHECK(evaluation.loss == Approx(loss));
  std::int64_t correct = 0;
  for (std::size_t n = 0; n < 60; ++n) {
    correct += evaluation.predictions[n] == test.labels[n] ? 1 : 0;
  }
  CHECK(evaluation.confusion.total() == 60);
  CHECK(evaluation.confusion.correct() == correct);
}

TEST_CASE("an evaluation wants as many classes as the model has", "[evaluate]") {
  data::Dataset five = quarters(20, 602);
  five.classes = 5;
  nn::Context<float> context(1);
  CHECK_THROWS_AS(train::evaluate(network(), five, data::LoaderOptions{}, context), Error);
  five.classes = 2000000000;  // of which no square is made
  CHECK_THROWS_AS(train::evaluate(network(), five, data::LoaderOptions{}, context), Error);
}

}  // namespace effv2::evaluate_test
