#include <effv2/kernels/batch_norm.hpp>
#include <effv2/kernels/squeeze_excite.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::squeeze_excite_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("squeezing and exciting equal their definitions", "[squeeze_excite]") {
  Dice dice(540);
  for (int i = 0; i < 100; ++i) {
    const std::int64_t n = dice.between(1, 5), h = dice.between(1, 4), w = dice.between(1, 4);
    const std::int64_t c = dice.between(1, 300), pixels = h * w;
    const Tensor<float> x = dice.integers<float>({n, h, w, c}),
                        dz = dice.integers<float>({n, h, w, c});
    const Tensor<float> gate = dice.integers<float>({n, c}), dmean = dice.integers<float>({n, c});
    Tensor<float> mean({n, c}), z(x.shape()), dgate({n, c}), dx(x.shape());
    const Execution run(1 + i % 3);
    squeeze_forward<float>(mean, x, run);
    excite_forward<float>(z, x, gate, run);
    excite_backward_gate<float>(dgate, dz, x, run);
    squeeze_excite_backward_data<float>(dx, dz, gate, dmean, run);
    for (std::int64_t b = 0; b < n; ++b) {
      for (std::int64_t k = 0; k < c; ++k) {
        float sum = 0.0F, product = 0.0F;
        for (std::int64_t p = 0; p < pixels; ++p) {
          const std::int64_t at = (b * pixels + p) * c + k;
          REQUIRE(z[at] == x[at] * gate(b, k));
          REQUIRE(dx[at] == Approx(dz[at] * gate(b, k) + dmean(b, k) / static_cast<float>(pixels)));
          sum += x[at];
          product += x[at] * dz[at];
        }
        REQUIRE(mean(b, k) == Approx(sum / static_cast<float>(pixels)));
        REQUIRE(dgate(b, k) == product);
      }
    }
  }
}

TEST_CASE("a picture that was never written is squeezed like the written one", "[squeeze_excite]") {
  Dice dice(541);
  using enum ActivationKind;
  const ActivationKind kinds[] = {identity, relu, silu, sigmoid, hard_swish};
  for (int i = 0; i < 100; ++i) {
    const std::int64_t n = dice.between(1, 20), c = dice.between(1, 150);
    const Tensor<double> x = dice.tensor<double>({n, dice.between(1, 4), dice.between(1, 4), c});
    const Tensor<double> dz = dice.tensor<double>(x.shape());
    const Tensor<double> scale = dice.tensor<double>({c}), shift = dice.tensor<double>({c});
    const Normalization<double> normalization{scale, shift, kinds[i % 5]};
    const Execution run(1 + i % 3);
    Tensor<double> y(x.shape()), mean({n, c}), expected({n, c});
    batch_norm_forward<double>(y, x, normalization, run);
    squeeze_forward<double>(mean, x, run, normalization);
    squeeze_forward<double>(expected, y, run);
    REQUIRE(testing::largest_difference(mean, expected) < 1e-13);
    excite_backward_gate<double>(mean, dz, x, run, normalization);
    excite_backward_gate<double>(expected, dz, y, run);
    REQUIRE(testing::largest_difference(mean, expected) < 1e-13);
  }
}

TEST_CASE("the mean of a large even picture is what each of its pixels is", "[squeeze_excite]") {
  // One sum of all would be 1 % off.
  const auto x = Tensor<float>::filled({1, 1000, 1000, 1}, 0.1F);
  Tensor<float> mean({1, 1}), dgate({1, 1});
  squeeze_forward<float>(mean, x, Execution(1));
  CHECK(mean[0] == Approx(0.1F).epsilon(1e-4));
  excite_backward_gate<float>(dgate, x, x, Execution(1));
  CHECK(dgate[0] == Approx(1e6F * 0.1F * 0.1F).epsilon(1e-4));
  // A rest of the pixels counts as well.
  Dice dice(542);
  const Tensor<float> picture = dice.integers<float>({2, 23, 29, 5});
  Tensor<float> means({2, 5});
  squeeze_forward<float>(means, picture, Execution(1));
  for (std::int64_t i = 0; i < means.size(); ++i) {
    float sum = 0.0F;
    for (std::int64_t p = 0; p < 23 * 29; ++p) sum += picture[(i / 5 * 23 * 29 + p) * 5 + i % 5];
    CHECK(means[i] == Approx(sum / (23 * 29)).margin(1e-6));
  }
}

}  // namespace effv2::squeeze_excite_test
