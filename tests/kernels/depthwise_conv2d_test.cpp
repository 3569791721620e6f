#include <effv2/kernels/depthwise_conv2d.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/naive.hpp"
#include "../support/random.hpp"

namespace effv2::depthwise_conv2d_test {

using namespace effv2::kernels;
using testing::Dice;

namespace {

template <class T>
double worst_difference(Dice& dice, std::int64_t batch, std::int64_t channels, const Window& window,
                        int threads) {
  const std::int64_t k = window.kernel;
  const Tensor<T> x = dice.integers<T>({batch, window.in_height, window.in_width, channels});
  const Tensor<T> w = dice.integers<T>({k, k, channels});
  const Tensor<T> dy = dice.integers<T>({batch, window.out_height, window.out_width, channels});
  const auto expected = testing::naive_depthwise<T>(x, w, dy, window);
  const Execution run(threads);
  const WindowPlan plan(window);
  Tensor<T> y = Tensor<T>::filled(dy.shape(), T{99}), dx = Tensor<T>::filled(x.shape(), T{99});
  Tensor<T> dw = Tensor<T>::filled(w.shape(), T{5});
  depthwise_conv2d_forward<T>(y, x, w, {}, plan, run);
  depthwise_conv2d_backward_data<T>(dx, dy, w, plan, run);
  const bool adds = dice.coin();
  depthwise_conv2d_backward_weights<T>({dw, adds}, dy, x, plan, run);
  for (T& value : dw) value -= adds ? T{5} : T{};
  return std::max({testing::largest_difference(y, expected.y),
                   testing::largest_difference(dx, expected.dx),
                   testing::largest_difference(dw, expected.dw)});
}

}  // namespace

TEST_CASE("depthwise convolution equals its definition on integers, exactly",
          "[depthwise_conv2d]") {
  Dice dice(40);
  for (int i = 0; i < testing::sweep(2000); ++i) {
    const std::int64_t kernel = dice.between(1, 7), stride = dice.between(1, 2);
    const std::int64_t height = dice.between(1, 9), width = dice.between(1, 9);
    const Padding padding = dice.coin()                                       ? Padding::symmetric
                            : dice.coin() || kernel > std::min(height, width) ? Padding::same
                                                                              : Padding::valid;
    const Window window(height, width, kernel, stride, padding);
    const std::int64_t batch = dice.between(1, 9), channels = dice.between(1, 150);
    CAPTURE(i, batch, channels, kernel, stride, window.in_height, window.in_width);
    REQUIRE(worst_difference<float>(dice, batch, channels, window, 1 + i % 3) == 0.0);
  }
}

TEST_CASE("depthwise convolution in wider types", "[depthwise_conv2d]") {
  Dice dice(41);
  for (int i = 0; i < 50; ++i) {
    const Window window(dice.between(1, 7), dice.between(1, 7), 3, dice.between(1, 2),
                        Padding::symmetric);
    REQUIRE(worst_difference<double>(dice, dice.between(1, 5), dice.between(1, 40), window, 2) ==
            0.0);
    REQUIRE(worst_difference<long double>(dice, 2, dice.between(1, 9), window, 2) == 0.0);
  }
}

TEST_CASE("the bits of a depthwise convolution do not depend on the number of threads",
          "[depthwise_conv2d]") {
  Dice dice(42);
  const WindowPlan plan(Window(8, 8, 5, 1, Padding::symmetric));
  const Tensor<float> x = dice.tensor<float>({60, 8, 8, 24}),
                      dy = dice.tensor<float>({60, 8, 8, 24});
  Tensor<float> first;
  for (const int threads : {1, 2, 3, 4, 7}) {
    Tensor<float> dw({5, 5, 24});
    depthwise_conv2d_backward_weights<float>(dw, dy, x, plan, Execution(threads));
    if (threads == 1) {
      first = std::move(dw);
    } else {
      REQUIRE(std::equal(dw.begin(), dw.end(), first.begin()));
    }
  }
}

}  // namespace effv2::depthwise_conv2d_test
