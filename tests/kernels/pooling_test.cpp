#include <effv2/kernels/pooling.hpp>

#include "../catch.hpp"
#include "../support/naive.hpp"
#include "../support/random.hpp"

namespace effv2::pooling_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("windowed pools equal their definitions", "[pooling]") {
  Dice dice(520);
  for (int i = 0; i < 200; ++i) {
    const Window w(dice.between(3, 9), dice.between(3, 9), dice.between(1, 3), dice.between(1, 3),
                   static_cast<Padding>(dice.between(0, 2)));
    const std::int64_t batch = dice.between(1, 3), channels = dice.between(1, 40);
    const Tensor<double> x = dice.tensor<double>({batch, w.in_height, w.in_width, channels});
    const Shape out{batch, w.out_height, w.out_width, channels};
    Tensor<double> sum(out), count(out), most = Tensor<double>::filled(out, -1e9);
    testing::for_each_tap(batch, w, [&](auto n, auto oy, auto ox, auto, auto, auto iy, auto ix) {
      for (std::int64_t c = 0; c < channels; ++c) {
        sum(n, oy, ox, c) += x(n, iy, ix, c);
        count(n, oy, ox, c) += 1.0;
        most(n, oy, ox, c) = std::max(most(n, oy, ox, c), x(n, iy, ix, c));
      }
    });
    Tensor<double> mean(out), maximum(out);
    Tensor<double> winner(out);
    average_pool_forward<double>(mean, x, w, Execution(2));
    max_pool_forward<double>(maximum, winner, x, w, Execution(2));
    for (std::int64_t j = 0; j < sum.size(); ++j) {
      REQUIRE(mean[j] == Approx(sum[j] / count[j]).margin(1e-14));
      REQUIRE(maximum[j] == most[j]);
    }
    // The gradient goes to where the maximum was.
    const Tensor<double> dy = dice.tensor<double>(out);
    Tensor<double> dx(x.shape());
    max_pool_backward<double>(dx, dy, winner, w, Execution(2));
    double in = 0.0, expected = 0.0, gained = 0.0;
    for (std::int64_t j = 0; j < dy.size(); ++j) {
      expected += dy[j];
      gained += dy[j] * maximum[j];
    }
    double found = 0.0;
    for (std::int64_t j = 0; j < dx.size(); ++j) in += dx[j], found += dx[j] * x[j];
    REQUIRE(in == Approx(expected).margin(1e-9));
    REQUIRE(found == Approx(gained).margin(1e-9));
  }
}

TEST_CASE("the first of equal maxima wins, and NaN wins over all", "[pooling]") {
  const Window w(1, 2, 2, 2, Padding::same);
  Tensor<float> x = Tensor<float>::filled({1, 1, 2, 1}, 3.0F), y({1, 1, 1, 1});
  Tensor<float> winner({1, 1, 1, 1});
  max_pool_forward<float>(y, winner, x, w, Execution(1));
  CHECK(winner[0] == 0);
  x[1] = std::numeric_limits<float>::quiet_NaN();
  max_pool_forward<float>(y, winner, x, w, Execution(1));
  CHECK(std::isnan(y[0]));
  CHECK(winner[0] == 1);
  std::swap(x[0], x[1]);
  max_pool_forward<float>(y, winner, x, w, Execution(1));
  CHECK(std::isnan(y[0]));
  CHECK(winner[0] == 0);
}

TEST_CASE("a picture of minus infinity has a maximum", "[pooling]") {
  const float lowest = -std::numeric_limits<float>::infinity();
  const Tensor<float> x = Tensor<float>::filled({1, 2, 2, 3}, lowest);
  const Tensor<float> dy = Tensor<float>::filled({1, 1, 1, 3}, 1.0F);
  Tensor<float> y(dy.shape()), winner(dy.shape()), dx(x.shape());
  const Window w(2, 2, 2, 2, Padding::valid);
  max_pool_forward<float>(y, winner, x, w, Execution(1));
  max_pool_backward<float>(dx, dy, winner, w, Execution(1));
  CHECK(y[2] == lowest);
  CHECK(dx[2] == 1.0F);
}

TEST_CASE("the global average and its gradient", "[pooling]") {
  Dice dice(521);
  const Tensor<float> x = dice.integers<float>({3, 2, 4, 19});
  Tensor<float> y({3, 19}), dx(x.shape());
  global_average_pool_forward<float>(y, x, Execution(2));
  for (std::int64_t n = 0; n < 3; ++n) {
    for (std::int64_t c = 0; c < 19; ++c) {
      float sum = 0.0F;
      for (std::int64_t p = 0; p < 8; ++p) sum += x(n, p / 4, p % 4, c);
      REQUIRE(y(n, c) == sum / 8.0F);
    }
  }
  global_average_pool_backward<float>(dx, y, Execution(2));
  for (std::int64_t n = 0; n < 3; ++n) REQUIRE(dx(n, 1, 3, 7) == y(n, 7) / 8.0F);
}

}  // namespace effv2::pooling_test
