#include <effv2/train/report.hpp>

#include "../catch.hpp"

using namespace effv2;

TEST_CASE("an evaluation's accuracy is its confusion matrix's", "[report]") {
  train::Evaluation evaluation{0.5, train::ConfusionMatrix(2), {0, 1, 1}};
  evaluation.confusion.add(0, 0);
  evaluation.confusion.add(1, 1);
  evaluation.confusion.add(0, 1);
  CHECK(evaluation.accuracy() == Approx(2.0 / 3.0));
  CHECK(train::Evaluation{}.accuracy() == 0.0);
}
