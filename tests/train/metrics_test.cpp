#include <cmath>
#include <effv2/train/metrics.hpp>

#include "../catch.hpp"

namespace effv2::metrics_test {

using namespace effv2::train;

TEST_CASE("the predicted class is the first of the largest", "[metrics]") {
  const Tensor<float> logits = Tensor<float>::from({2, 3}, std::vector<float>{1, 5, 5, -1, -3, -2});
  CHECK(predicted_class(logits, 0) == 1);
  CHECK(predicted_class<float>(logits.view(), 0) == 1);
  CHECK(predicted_class<float>(logits, 1) == 0);
  CHECK_THROWS_AS(predicted_class<float>(logits, 2), Error);
  CHECK_THROWS_AS(predicted_class<float>(logits, -1), Error);
}

TEST_CASE("what is no number is no class", "[metrics]") {
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    for (std::int64_t place = 0; place < 3; ++place) {
      Tensor<float> logits = Tensor<float>::from({1, 3}, std::vector<float>{1, 2, 3});
      logits[place] = bad;
      CHECK_THROWS_AS(predicted_class<float>(logits, 0), Error);
    }
  }
}

TEST_CASE("the confusion matrix counts", "[metrics]") {
  ConfusionMatrix m(3);
  for (int i = 0; i < 8; ++i) m.add(0, 0);
  m.add(0, 1);
  m.add(0, 1);
  m.add(1, 1);
  m.add(1, 0);
  CHECK(m.total() == 12);
  CHECK(m.correct() == 9);
  CHECK(m.accuracy() == Approx(0.75));
  CHECK(m.support(0) == 10);
  CHECK(m.recall(0) == Approx(0.8));
  CHECK(m.precision(0) == Approx(8.0 / 9.0));
  CHECK(m.precision(1) == Approx(1.0 / 3.0));
  CHECK(m.recall(2) == 0.0);
  CHECK(m.precision(2) == 0.0);
  CHECK_THROWS_AS(m.add(3, 0), Error);
  CHECK_THROWS_AS(m.add(0, -1), Error);
  CHECK_THROWS_AS(m.count(0, 3), Error);
  CHECK_THROWS_AS(m.recall(-1), Error);
  CHECK(ConfusionMatrix().accuracy() == 0.0);
  CHECK_THROWS_AS(ConfusionMatrix().recall(0), Error);
  CHECK_THROWS_AS(ConfusionMatrix(-1), Error);
}

TEST_CASE("a confusion matrix of many classes holds what occurs", "[metrics]") {
  ConfusionMatrix m(1 << 20);
  m.add(1000000, 3);
  m.add(1000000, 1000000);
  CHECK(m.count(1000000, 3) == 1);
  CHECK(m.count(3, 1000000) == 0);
  CHECK(m.recall(1000000) == 0.5);
  CHECK(m.precision(1000000) == 1.0);
}

TEST_CASE("an evaluation's accuracy is its confusion matrix's", "[metrics]") {
  Evaluation evaluation{0.5, ConfusionMatrix(2), {0, 1, 1}, {0.9F, 0.8F, 0.7F}};
  evaluation.confusion.add(0, 0);
  evaluation.confusion.add(1, 1);
  evaluation.confusion.add(0, 1);
  CHECK(evaluation.accuracy() == Approx(2.0 / 3.0));
  CHECK(std::isnan(Evaluation{}.accuracy()));
}

}  // namespace effv2::metrics_test
