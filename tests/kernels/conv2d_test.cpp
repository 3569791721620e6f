#include <effv2/kernels/conv2d.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/naive.hpp"
#include "../support/random.hpp"

namespace effv2::conv2d_test {

using namespace effv2::kernels;
using testing::Dice;

namespace {

struct Case {
  std::int64_t batch, height, width, in, out;
  Window window;
};

// Small shapes of every kind: 1 x 1 pictures, odd sizes, one channel, tails of vectors and tiles.
Case random_case(Dice& dice) {
  for (;;) {
    const std::int64_t kernel = dice.between(1, 5), stride = dice.between(1, 3);
    const auto padding = static_cast<Padding>(dice.between(0, 2));
    const std::int64_t height = dice.between(1, 9), width = dice.between(1, 9);
    if (padding == Padding::valid && (height < kernel || width < kernel)) continue;
    if (height + 2 * (kernel / 2) < kernel || width + 2 * (kernel / 2) < kernel) continue;
    return {dice.between(1, 17),
            height,
            width,
            dice.between(1, 19),
            dice.between(1, 70),
            Window(height, width, kernel, stride, padding)};
  }
}

template <class T>
double worst_difference(const Case& c, Dice& dice, int threads) {
  const std::int64_t k = c.window.kernel;
  const Tensor<T> x = dice.integers<T>({c.batch, c.height, c.width, c.in});
  const Tensor<T> w = dice.integers<T>({k, k, c.in, c.out});
  const Tensor<T> bias = dice.integers<T>({c.out});
  const Tensor<T> dy = dice.integers<T>({c.batch, c.window.out_height, c.window.out_width, c.out});
  auto expected = testing::naive_conv2d<T>(x, w, dy, c.window);
  for (std::int64_t i = 0; i < expected.y.size(); ++i) expected.y[i] += bias[i % c.out];

  const Execution run(threads);
  const WindowPlan plan(c.window);
  PackedMatrix<T> packed, transposed;
  conv2d_pack<T>(packed, w, c.in, c.out, c.window, Transpose::no, run);
  conv2d_pack<T>(transposed, w, c.in, c.out, c.window, Transpose::yes, run);
  Tensor<T> y = Tensor<T>::filled(dy.shape(), T{99}), dx = Tensor<T>::filled(x.shape(), T{99});
  Tensor<T> dw = Tensor<T>::filled(w.shape(), T{5});
  conv2d_forward<T>(y, x, packed, bias, plan, run);
  const Tensor<T> summand = dice.integers<T>(x.shape());
  conv2d_backward_data<T>(dx, dy, transposed, plan, run, summand);
  for (std::int64_t i = 0; i < dx.size(); ++i) dx[i] -= summand[i];
  conv2d_backward_weights<T>(dw, dy, x, plan, run);
  for (T& value : dw) value -= T{5};  // it adds
  return std::max({testing::largest_difference(y, expected.y),
                   testing::largest_difference(dx, expected.dx),
                   testing::largest_difference(dw, expected.dw)});
}

}  // namespace

TEST_CASE("convolution equals its definition on integers, exactly", "[conv2d]") {
  Dice dice(10);
  for (int i = 0; i < testing::sweep(2000); ++i) {
    const Case c = random_case(dice);
    CAPTURE(i, c.batch, c.height, c.width, c.in, c.out, c.window.kernel, c.window.stride);
    REQUIRE(worst_difference<float>(c, dice, 1 + i % 3) == 0.0);
  }
}

TEST_CASE("windows up to the largest are exact", "[conv2d]") {
  Dice dice(14);
  for (const std::int64_t kernel : {11, 12, 13, 14, 25, 45}) {
    const Case c{2, 9, 8, 9, 5, Window(9, 8, kernel, 1, Padding::same)};
    CAPTURE(kernel);
    REQUIRE(worst_difference<float>(c, dice, 2) == 0.0);
    // Every pixel sees every tap: the most pointers a block can have.
    const Case full{2, kernel + 3, kernel + 4,
                    9, 5,          Window(kernel + 3, kernel + 4, kernel, 1, Padding::valid)};
    REQUIRE(worst_difference<float>(full, dice, 2) == 0.0);
  }
}

TEST_CASE("convolution in double and in a type without vectors", "[conv2d]") {
  Dice dice(11);
  for (int i = 0; i < testing::sweep(100); ++i) {
    const Case c = random_case(dice);
    CAPTURE(i, c.batch, c.height, c.width, c.in, c.out, c.window.kernel, c.window.stride);
    REQUIRE(worst_difference<double>(c, dice, 2) == 0.0);
    REQUIRE(worst_difference<long double>(c, dice, 2) == 0.0);
  }
}

TEST_CASE("convolution at the sizes where rows are cut into slices and columns into parts",
          "[conv2d]") {
  Dice dice(12);
  const Case cases[] = {
      {64, 7, 7, 24, 24, Window(7, 7, 3, 1, Padding::symmetric)},
      {130, 1, 1, 70, 200, Window(1, 1, 1, 1, Padding::symmetric)},
      {33, 14, 14, 1, 40, Window(14, 14, 3, 2, Padding::same)},
      {2, 12, 9, 3, 5, Window(12, 9, 11, 1, Padding::symmetric)},
  };
  for (const Case& c : cases) {
    CAPTURE(c.batch, c.height, c.in, c.out);
    for (const int threads : {1, 2, 5}) REQUIRE(worst_difference<float>(c, dice, threads) == 0.0);
  }
}

TEST_CASE("the bits of a convolution do not depend on the number of threads", "[conv2d]") {
  Dice dice(13);
  const Window window(9, 9, 3, 1, Padding::symmetric);
  const WindowPlan plan(window);
  const Tensor<float> x = dice.tensor<float>({40, 9, 9, 20}),
                      w = dice.tensor<float>({3, 3, 20, 50});
  const Tensor<float> dy = dice.tensor<float>({40, 9, 9, 50});
  Tensor<float> first_y, first_dx, first_dw;
  for (const int threads : {1, 2, 3, 4, 7, 16}) {
    const Execution run(threads);
    PackedMatrix<float> packed, transposed;
    pack<float>(packed, w, 9, 20, 50, Transpose::no, run);
    pack<float>(transposed, w, 9, 20, 50, Transpose::yes, run);
    Tensor<float> y(dy.shape()), dx(x.shape()), dw(w.shape());
    conv2d_forward<float>(y, x, packed, {}, plan, run);
    conv2d_backward_data<float>(dx, dy, transposed, plan, run);
    conv2d_backward_weights<float>(dw, dy, x, plan, run);
    if (threads == 1) {
      first_y = std::move(y), first_dx = std::move(dx), first_dw = std::move(dw);
      continue;
    }
    CAPTURE(threads);
    REQUIRE(std::equal(y.begin(), y.end(), first_y.begin()));
    REQUIRE(std::equal(dx.begin(), dx.end(), first_dx.begin()));
    REQUIRE(std::equal(dw.begin(), dw.end(), first_dw.begin()));
  }
}

}  // namespace effv2::conv2d_test
