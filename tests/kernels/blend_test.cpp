#include <effv2/kernels/batch_norm.hpp>
#include <effv2/kernels/blend.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::blend_test {

using namespace effv2::kernels;
using testing::Dice;

namespace {

// value factor + summand, number by number; either may be per image and channel, or absent.
Tensor<double> blended(const Tensor<double>& value, const Blend<double>& blend) {
  const std::int64_t channels = value.extent(value.rank() - 1), batch = value.extent(0);
  const std::int64_t pixels = value.size() / (batch * channels);
  const auto at = [&](View<const double> tensor, std::int64_t i, double absent) {
    if (tensor.empty()) return absent;
    if (tensor.size() == value.size()) return tensor[i];
    return tensor[i / (pixels * channels) * channels + i % channels];
  };
  Tensor<double> result(value.shape());
  for (std::int64_t i = 0; i < value.size(); ++i) {
    result[i] = value[i] * at(blend.factor, i, 1.0) + at(blend.summand, i, 0.0);
  }
  return result;
}

struct Case {
  Tensor<double> x, by_image, by_pixel, scale, shift;
  Blend<double> blend;
  Normalization<double> normalization;

  Case(Dice& dice, int round) {
    using enum ActivationKind;
    const ActivationKind kinds[] = {identity, relu, silu, sigmoid, hard_swish};
    const std::int64_t n = dice.between(2, 9), c = dice.between(1, 70);
    x = dice.tensor<double>({n, dice.between(1, 4), dice.between(1, 4), c});
    by_image = dice.tensor<double>({n, c});
    by_pixel = dice.tensor<double>(x.shape());
    scale = dice.tensor<double>({c}), shift = dice.tensor<double>({c});
    normalization = {scale, shift, kinds[round % 5]};
    if (round % 2 == 0) blend.factor = by_image;
    if (round % 3 == 0) blend.summand = by_pixel;
    if (round % 3 == 1) blend.summand = by_image;
  }
};

}  // namespace

TEST_CASE("a blend in batch norm's pass is a pass of its own after it", "[blend]") {
  Dice dice(550);
  for (int round = 0; round < 120; ++round) {
    const Case c(dice, round);
    const Execution run(1 + round % 3);
    Tensor<double> plain(c.x.shape()), fused(c.x.shape());
    batch_norm_forward<double>(plain, c.x, c.normalization, run);
    batch_norm_forward<double>(fused, c.x, c.normalization, run, c.blend);
    REQUIRE(testing::largest_difference(fused, blended(plain, c.blend)) < 1e-14);
  }
}

TEST_CASE("a blend in batch norm's backward pass is a pass of its own before it", "[blend]") {
  Dice dice(551);
  for (int round = 0; round < 120; ++round) {
    const Case c(dice, round);
    const std::int64_t channels = c.scale.size();
    const Tensor<double> dy = dice.tensor<double>(c.x.shape());
    const Tensor<double> mean = dice.tensor<double>({channels});
    const Tensor<double> variance = Tensor<double>::filled({channels}, 0.7);
    const auto statistics = round % 4 == 0 ? Statistics::fixed : Statistics::batch;
    const Execution run(1 + round % 3);
    Tensor<double> plain(c.x.shape()), fused(c.x.shape());
    Tensor<double> dgamma[] = {Tensor<double>({channels}), Tensor<double>({channels})};
    Tensor<double> dbeta[] = {Tensor<double>({channels}), Tensor<double>({channels})};
    batch_norm_backward<double>(plain, dgamma[0], dbeta[0], blended(dy, c.blend), c.x,
                                c.normalization, mean, variance, 1e-3, statistics, run);
    batch_norm_backward<double>(fused, dgamma[1], dbeta[1], dy, c.x, c.normalization, mean,
                                variance, 1e-3, statistics, run, c.blend);
    REQUIRE(testing::largest_difference(fused, plain) < 1e-12);
    REQUIRE(testing::largest_difference(dgamma[1], dgamma[0]) < 1e-11);
    REQUIRE(testing::largest_difference(dbeta[1], dbeta[0]) < 1e-11);
  }
}

}  // namespace effv2::blend_test
