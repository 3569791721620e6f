#include <effv2/kernels/batch_norm.hpp>
#include <effv2/kernels/winograd.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/naive.hpp"
#include "../support/random.hpp"

namespace effv2::winograd_test {

using namespace effv2::kernels;
using testing::Dice;

namespace {

template <class T>
PackedMatrix<T> transformed(const Tensor<T>& w, Transpose transpose, const Execution& run) {
  const std::int64_t in = w.extent(2), out = w.extent(3);
  const Tensor<T> u = winograd_weights<T>(w, in, out, transpose == Transpose::yes, run);
  PackedMatrix<T> packed;
  pack<T>(packed, u, winograd_points, in, out, transpose, run);
  return packed;
}

Window random_window(Dice& dice) {
  return {dice.between(3, 9), dice.between(3, 9), 3, 1, static_cast<Padding>(dice.between(0, 2))};
}

}  // namespace

TEMPLATE_TEST_CASE("Winograd's convolution and data gradient are exact on integers", "[winograd]",
                   float, double, long double) {
  using T = TestType;
  Dice dice(90);
  for (int i = 0; i < testing::sweep(300); ++i) {
    const Window window = random_window(dice);
    const std::int64_t batch = dice.between(1, 9), in = dice.between(1, 40),
                       out = dice.between(1, 70);
    const Tensor<T> x = dice.integers<T>({batch, window.in_height, window.in_width, in});
    const Tensor<T> w = dice.integers<T>({3, 3, in, out}), bias = dice.integers<T>({out});
    const Tensor<T> dy = dice.integers<T>({batch, window.out_height, window.out_width, out});
    const auto expected = testing::naive_conv2d<T>(x, w, dy, window);
    const Execution run(1 + i % 3);
    Tensor<T> y = Tensor<T>::filled(dy.shape(), T{99}), dx = Tensor<T>::filled(x.shape(), T{99});
    winograd_conv2d<T>(y, x, transformed(w, Transpose::no, run), bias,
                       WinogradGrid::forward(window), batch, run);
    winograd_conv2d<T>(dx, dy, transformed(w, Transpose::yes, run), {},
                       WinogradGrid::backward(window), batch, run);
    CAPTURE(i, batch, in, out, window.in_height, window.in_width);
    for (std::int64_t j = 0; j < y.size(); ++j) REQUIRE(y[j] == expected.y[j] + bias[j % out]);
    REQUIRE(testing::largest_difference(dx, expected.dx) == 0.0);
  }
}

TEST_CASE("its epilogue is the indirect product's", "[winograd]") {
  Dice dice(91);
  for (int i = 0; i < 100; ++i) {
    const Window window = random_window(dice);
    const std::int64_t batch = dice.between(1, 9), in = dice.between(1, 40),
                       out = dice.between(1, 70);
    const Tensor<double> x = dice.tensor<double>({batch, window.in_height, window.in_width, in});
    const Tensor<double> w = dice.tensor<double>({3, 3, in, out});
    const Tensor<double> summand =
        dice.tensor<double>({batch, window.out_height, window.out_width, out});
    const Execution run(1 + i % 3);
    Tensor<double> y(summand.shape()), expected(summand.shape());
    Tensor<double> mean({out}), variance({out}), expected_mean({out}), expected_variance({out});
    ChannelSums<double> sums;
    winograd_conv2d<double>(y, x, transformed(w, Transpose::no, run), {},
                            WinogradGrid::forward(window), batch, run,
                            {ActivationKind::silu, &sums, summand});
    batch_norm_statistics<double>(mean, variance, sums, run);
    PackedMatrix<double> packed;
    pack<double>(packed, w, 9, in, out, Transpose::no, run);
    indirect_gemm<double>(expected, x, packed, {}, gather_plan(window), batch, run,
                          {ActivationKind::silu, nullptr, summand});
    REQUIRE(testing::largest_difference(y, expected) < 1e-12);
    batch_norm_statistics<double>(expected_mean, expected_variance, expected, run);
    REQUIRE(testing::largest_difference(mean, expected_mean) < 1e-12);
    REQUIRE(testing::largest_difference(variance, expected_variance) < 1e-11);
  }
}

TEST_CASE("bits do not depend on the threads", "[winograd]") {
  Dice dice(92);
  const Window window(7, 6, 3, 1, Padding::symmetric);
  const Tensor<float> x = dice.tensor<float>({40, 7, 6, 33}),
                      w = dice.tensor<float>({3, 3, 33, 41});
  Tensor<float> first;
  for (const int threads : {1, 2, 3, 7}) {
    const Execution run(threads);
    Tensor<float> y({40, 7, 6, 41});
    winograd_conv2d<float>(y, x, transformed(w, Transpose::no, run), {},
                           WinogradGrid::forward(window), 40, run);
    if (threads == 1) first = y;
    CHECK(testing::largest_difference(y, first) == 0.0);
  }
}

}  // namespace effv2::winograd_test
