#include <algorithm>
#include <effv2/kernels/winograd_outer.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/naive.hpp"
#include "../support/random.hpp"

namespace effv2::winograd_outer_test {

using namespace effv2::kernels;
using testing::Dice;

namespace {

template <class T>
void check(Dice& dice, const Window& window, std::int64_t batch, std::int64_t in, std::int64_t out,
           int threads) {
  CAPTURE(batch, in, out, window.in_height, window.in_width, window.pad_top, threads);
  const Tensor<T> x = dice.integers<T>({batch, window.in_height, window.in_width, in});
  const Tensor<T> w = dice.integers<T>({3, 3, in, out});
  const Tensor<T> dy = dice.integers<T>({batch, window.out_height, window.out_width, out});
  const auto expected = testing::naive_conv2d<T>(x, w, dy, window);
  const WinogradGrid grid = WinogradGrid::forward(window);
  Tensor<T> dw = Tensor<T>::filled(w.shape(), T{7});
  winograd_outer<T>({dw, false}, dy, x, grid, batch, Execution(threads));
  REQUIRE(testing::largest_difference(dw, expected.dw) == 0.0);
  winograd_outer<T>({dw, true}, dy, x, grid, batch, Execution(threads));
  for (std::int64_t i = 0; i < dw.size(); ++i) REQUIRE(dw[i] == 2 * expected.dw[i]);
}

}  // namespace

TEMPLATE_TEST_CASE("Winograd's weight gradient is exact on integers", "[winograd_outer]", float,
                   double, long double) {
  Dice dice(95);
  for (int i = 0; i < testing::sweep(120); ++i) {
    const Window window(dice.between(3, 9), dice.between(3, 9), 3, 1,
                        static_cast<Padding>(dice.between(0, 2)));
    check<TestType>(dice, window, dice.between(1, 9), dice.between(1, 40), dice.between(1, 70),
                    1 + i % 3);
  }
}

TEST_CASE("slices, blocks and parts of panels leave nothing out", "[winograd_outer]") {
  Dice dice(96);
  const Window large(16, 14, 3, 1, Padding::symmetric), small(4, 4, 3, 1, Padding::same);
  check<float>(dice, large, 33, 17, 65, 2);   // eight slices of several blocks
  check<float>(dice, small, 29, 16, 200, 9);  // one slice, and panels for many threads
  check<float>(dice, small, 2, 130, 40, 4);
}

TEST_CASE("its bits do not depend on the number of threads", "[winograd_outer]") {
  Dice dice(97);
  const Window window(7, 9, 3, 1, Padding::symmetric);
  const Tensor<float> x = dice.tensor<float>({30, 7, 9, 20}),
                      dy = dice.tensor<float>({30, 7, 9, 70});
  Tensor<float> first;
  for (const int threads : {1, 2, 3, 8, 16}) {
    Tensor<float> dw({3, 3, 20, 70});
    winograd_outer<float>({dw, false}, dy, x, WinogradGrid::forward(window), 30,
                          Execution(threads));
    if (threads == 1) {
      first = std::move(dw);
      continue;
    }
    CAPTURE(threads);
    REQUIRE(std::equal(dw.begin(), dw.end(), first.begin()));
  }
}

}  // namespace effv2::winograd_outer_test
