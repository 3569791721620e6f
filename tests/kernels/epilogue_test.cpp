#include <algorithm>
#include <cmath>
#include <effv2/kernels/batch_norm.hpp>
#include <effv2/kernels/conv2d.hpp>
#include <effv2/kernels/depthwise_conv2d.hpp>
#include <effv2/kernels/elementwise.hpp>
#include <effv2/kernels/epilogue.hpp>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::epilogue_test {

using namespace effv2::kernels;
using testing::Dice;

namespace {

struct Case {
  Window window;
  WindowPlan plan;
  Tensor<float> x, w;
  PackedMatrix<float> packed;

  explicit Case(Dice& dice)
      : window(dice.between(1, 9), dice.between(1, 9), 1 + 2 * dice.between(0, 1),
               dice.between(1, 2), Padding::symmetric),
        plan(window),
        x(dice.tensor<float>(
            {dice.between(2, 40), window.in_height, window.in_width, dice.between(1, 40)})),
        w(dice.tensor<float>({window.kernel, window.kernel, x.extent(3), dice.between(1, 70)})) {
    pack<float>(packed, w, window.taps(), w.extent(2), w.extent(3), Transpose::no, Execution(1));
  }
  Tensor<float> result() const {
    return Tensor<float>({x.extent(0), window.out_height, window.out_width, w.extent(3)});
  }
};

}  // namespace

TEST_CASE("an activation in the epilogue is the activation after the convolution", "[epilogue]") {
  Dice dice(35);
  using enum ActivationKind;
  for (int round = 0; round < 200; ++round) {
    const Case c(dice);
    const Execution run(static_cast<int>(dice.between(1, 3)));
    const ActivationKind kinds[] = {identity, relu, silu, sigmoid, hard_swish};
    const ActivationKind kind = kinds[dice.between(0, 4)];
    Tensor<float> fused = c.result(), plain = c.result();
    conv2d_forward<float>(fused, c.x, c.packed, {}, c.plan, run, {.activation = kind});
    conv2d_forward<float>(plain, c.x, c.packed, {}, c.plan, run);
    activation_forward<float>(plain, plain, kind, run);
    for (std::int64_t i = 0; i < plain.size(); ++i) REQUIRE(fused[i] == plain[i]);
  }
}

TEST_CASE("statistics from the epilogue's sums are those of the tensor, far from zero too",
          "[epilogue]") {
  Dice dice(36);
  for (int round = 0; round < 200; ++round) {
    const Case c(dice);
    Tensor<float> y = c.result();
    const std::int64_t channels = y.extent(3), rows = y.size() / channels;
    if (rows < 2) continue;
    // A mean of a thousand deviations: naive sums of squares would lose all digits.
    const Tensor<float> bias = Tensor<float>::filled({channels}, 1000.0F);
    Tensor<float> mean({channels}), variance({channels});
    const Execution run(static_cast<int>(dice.between(1, 3)));
    ChannelSums<float> sums;
    conv2d_forward<float>(y, c.x, c.packed, bias, c.plan, run, {.sums = &sums});
    batch_norm_statistics<float>(mean, variance, sums, run);
    for (std::int64_t ch = 0; ch < channels; ++ch) {
      double m = 0.0, v = 0.0;
      for (std::int64_t r = 0; r < rows; ++r) m += static_cast<double>(y[r * channels + ch]);
      m /= static_cast<double>(rows);
      for (std::int64_t r = 0; r < rows; ++r) {
        v += std::pow(static_cast<double>(y[r * channels + ch]) - m, 2);
      }
      v /= static_cast<double>(rows);
      REQUIRE(std::abs(static_cast<double>(mean[ch]) - m) < 1e-6 * std::abs(m));
      REQUIRE(std::abs(static_cast<double>(variance[ch]) - v) < 1e-4 * v + 1e-12);
    }
  }
}

TEST_CASE("a summand in the epilogue is a sum after the convolution", "[epilogue]") {
  Dice dice(37);
  for (int round = 0; round < 200; ++round) {
    const Case c(dice);
    const Execution run(static_cast<int>(dice.between(1, 3)));
    Tensor<float> fused = c.result(), plain = c.result();
    const Tensor<float> summand = dice.tensor<float>(plain.shape());
    conv2d_forward<float>(fused, c.x, c.packed, {}, c.plan, run, {.summand = summand});
    conv2d_forward<float>(plain, c.x, c.packed, {}, c.plan, run);
    for (std::int64_t i = 0; i < plain.size(); ++i) REQUIRE(fused[i] == plain[i] + summand[i]);
  }
}

TEST_CASE("depthwise convolution has the same epilogue", "[epilogue]") {
  Dice dice(38);
  for (int round = 0; round < 200; ++round) {
    const Case c(dice);
    const Execution run(static_cast<int>(dice.between(1, 3)));
    const std::int64_t channels = c.x.extent(3), k = c.window.kernel;
    const Tensor<float> w = dice.tensor<float>({k, k, channels}),
                        bias = dice.tensor<float>({channels}, 99.0, 101.0);
    Tensor<float> fused({c.x.extent(0), c.window.out_height, c.window.out_width, channels});
    Tensor<float> plain(fused.shape()), mean({channels}), variance({channels});
    Tensor<float> expected_mean({channels}), expected_variance({channels});
    const Tensor<float> summand = dice.tensor<float>(plain.shape());
    ChannelSums<float> sums;
    depthwise_conv2d_forward<float>(
        fused, c.x, w, bias, c.plan, run,
        {.activation = ActivationKind::relu, .sums = &sums, .summand = summand});
    depthwise_conv2d_forward<float>(plain, c.x, w, bias, c.plan, run);
    activation_forward<float>(plain, plain, ActivationKind::relu, run);
    add<float>(plain, plain, summand, run);
    for (std::int64_t i = 0; i < plain.size(); ++i) REQUIRE(fused[i] == plain[i]);
    batch_norm_statistics<float>(mean, variance, sums, run);
    batch_norm_statistics<float>(expected_mean, expected_variance, plain, run);
    for (std::int64_t ch = 0; ch < channels; ++ch) {
      REQUIRE(mean[ch] == Approx(expected_mean[ch]).epsilon(1e-6));
      REQUIRE(variance[ch] == Approx(expected_variance[ch]).epsilon(1e-3).margin(1e-6));
    }
  }
}

}  // namespace effv2::epilogue_test
