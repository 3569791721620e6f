#include <cmath>
#include <effv2/nn/drop_path.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"

namespace effv2::drop_path_test {

TEST_CASE("rates that are none are refused by drop path", "[drop_path]") {
  for (const double rate : {-0.1, 1.0, 1.5, std::nan("")}) {
    CHECK_THROWS_AS(nn::DropPath<float>(rate), Error);
  }
}

TEST_CASE("drop path drops whole samples at its rate and keeps the mean", "[drop_path]") {
  nn::DropPath<float> layer(0.3);
  nn::Context<float> context(1, 5);
  nn::DropPath<float>::Saved saved;
  const Tensor<float> x = Tensor<float>::filled({5000, 1, 1, 2}, 1.0F);
  context.begin_step(1);
  const Tensor<float> y = layer.forward(x, saved, context);
  double sum = 0.0;
  std::int64_t dropped = 0;
  for (std::int64_t n = 0; n < 5000; ++n) {
    REQUIRE(y(n, 0, 0, 0) == y(n, 0, 0, 1));
    REQUIRE((y(n, 0, 0, 0) == 0.0F || y(n, 0, 0, 0) == Approx(1.0 / 0.7)));
    dropped += y(n, 0, 0, 0) == 0.0F ? 1 : 0;
    sum += static_cast<double>(y(n, 0, 0, 0));
  }
  CHECK(static_cast<double>(dropped) / 5000 == Approx(0.3).margin(0.02));
  CHECK(sum / 5000 == Approx(1.0).margin(0.03));
  CHECK(testing::largest_difference(layer.infer(x, context), x) == 0.0);
  // The same step draws the same, the next step and the next layer do not.
  context.begin_step(1);
  CHECK(testing::largest_difference(layer.forward(x, saved, context), y) == 0.0);
  CHECK(testing::largest_difference(layer.forward(x, saved, context), y) > 0.0);
  context.begin_step(2);
  CHECK(testing::largest_difference(layer.forward(x, saved, context), y) > 0.0);
  CHECK(nn::DropPath<float>::scheduled_rate(0.2, 5, 10) == Approx(0.1));
}

TEST_CASE("drop path refuses a gradient of another batch", "[drop_path]") {
  nn::Context<float> context(1);
  nn::DropPath<float> layer(0.5);
  nn::DropPath<float>::Saved saved;
  layer.forward(Tensor<float>({2, 2, 2, 3}), saved, context);
  CHECK_THROWS_AS(layer.backward(Tensor<float>({3, 2, 2, 3}), saved, context), Error);
}

}  // namespace effv2::drop_path_test
