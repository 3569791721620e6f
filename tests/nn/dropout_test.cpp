#include <cmath>
#include <effv2/nn/dropout.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"

namespace effv2::dropout_test {

TEST_CASE("rates that are none are refused by dropout", "[dropout]") {
  for (const double rate : {-0.1, 1.0, 1.5, std::nan("")}) {
    CHECK_THROWS_AS(nn::Dropout<float>(rate), Error);
  }
}

TEST_CASE("dropout drops single numbers at its rate and keeps the mean", "[dropout]") {
  nn::Dropout<float> layer(0.25);
  nn::Context<float> context(1, 5);
  nn::Dropout<float>::Saved saved;
  const Tensor<float> x = Tensor<float>::filled({100, 100}, 1.0F);
  const Tensor<float> y = layer.forward(x, saved, context);
  double sum = 0.0;
  std::int64_t dropped = 0;
  for (const float v : y) sum += static_cast<double>(v), dropped += v == 0.0F ? 1 : 0;
  CHECK(static_cast<double>(dropped) / 10000 == Approx(0.25).margin(0.015));
  CHECK(sum / 10000 == Approx(1.0).margin(0.02));
  CHECK(testing::largest_difference(layer.infer(x, context), x) == 0.0);
  nn::Dropout<float> none(0.0);
  CHECK(testing::largest_difference(none.forward(x, saved, context), x) == 0.0);
}

TEST_CASE("what dropout drops does not depend on the number of threads", "[dropout]") {
  const Tensor<float> x = Tensor<float>::filled({33, 1000}, 1.0F);
  const auto dropped_with = [&x](int threads) {
    nn::Dropout<float> layer(0.5);
    nn::Context<float> context(threads, 5);
    nn::Dropout<float>::Saved saved;
    return layer.forward(x, saved, context);
  };
  const Tensor<float> y = dropped_with(1);
  CHECK(testing::largest_difference(dropped_with(2), y) == 0.0);
  CHECK(testing::largest_difference(dropped_with(5), y) == 0.0);
}

TEST_CASE("dropout refuses a gradient of another shape, and takes nothing as nothing",
          "[dropout]") {
  nn::Context<float> context(1);
  nn::Dropout<float> layer(0.5);
  nn::Dropout<float>::Saved saved;
  layer.forward(Tensor<float>({2, 3}), saved, context);
  CHECK_THROWS_AS(layer.backward(Tensor<float>({3, 3}), saved, context), Error);
  CHECK(layer.forward(Tensor<float>({0, 3}), saved, context).empty());
}

}  // namespace effv2::dropout_test
