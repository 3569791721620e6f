#include <effv2/kernels/im2col.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/naive.hpp"
#include "../support/random.hpp"

namespace effv2::im2col_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("convolution through columns equals its definition", "[im2col]") {
  Dice dice(50);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t k = dice.between(1, 4);
    const Window window(dice.between(2, 8), dice.between(2, 8), k, dice.between(1, 3),
                        dice.coin() ? Padding::symmetric : Padding::same);
    const std::int64_t batch = dice.between(1, 4), in = dice.between(1, 9),
                       out = dice.between(1, 9);
    const Tensor<float> x = dice.integers<float>({batch, window.in_height, window.in_width, in});
    const Tensor<float> w = dice.integers<float>({k, k, in, out});
    const Tensor<float> dy =
        dice.integers<float>({batch, window.out_height, window.out_width, out});
    const auto expected = testing::naive_conv2d<float>(x, w, dy, window);
    const Execution run(2);
    Tensor<float> y(dy.shape()), dx = Tensor<float>::filled(x.shape(), 9.0F), dw(w.shape());
    im2col_conv2d_forward<float>(y, x, w, window, run);
    im2col_conv2d_backward_data<float>(dx, dy, w, window, run);
    im2col_conv2d_backward_weights<float>(dw, dy, x, window, run);
    REQUIRE(testing::largest_difference(y, expected.y) == 0.0);
    REQUIRE(testing::largest_difference(dx, expected.dx) == 0.0);
    REQUIRE(testing::largest_difference(dw, expected.dw) == 0.0);
  }
}

TEST_CASE("col2im is the adjoint of im2col", "[im2col]") {
  Dice dice(51);
  const Window window(6, 5, 3, 2, Padding::same);
  const Tensor<double> x = dice.tensor<double>({2, 6, 5, 3});
  Tensor<double> columns({2 * window.out_pixels(), 27}), back(x.shape());
  im2col<double>(columns, x, window, Execution(1));
  const Tensor<double> c = dice.tensor<double>(columns.shape());
  col2im<double>(back, c, window, Execution(1));
  double left = 0.0, right = 0.0;
  for (std::int64_t i = 0; i < c.size(); ++i) left += columns[i] * c[i];
  for (std::int64_t i = 0; i < x.size(); ++i) right += x[i] * back[i];
  REQUIRE(left == Approx(right).epsilon(1e-12));
}

}  // namespace effv2::im2col_test
