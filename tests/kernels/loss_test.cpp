#include <effv2/kernels/loss.hpp>
#include <vector>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::loss_test {

using namespace effv2::kernels;
using testing::Dice;

TEST_CASE("label smoothing spreads its share over all classes", "[loss]") {
  Tensor<double> targets({2, 4});
  const std::vector<std::int32_t> labels = {2, 0};
  smooth_targets<double>(targets, labels, 0.2);
  CHECK(targets(0, 2) == Approx(0.85));
  CHECK(targets(0, 0) == Approx(0.05));
  CHECK(targets(1, 0) == Approx(0.85));
  CHECK(targets(1, 3) == Approx(0.05));
}

TEST_CASE("cross-entropy equals its definition, its gradient central differences", "[loss]") {
  Dice dice(540);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t n = dice.between(1, 5), k = dice.between(1, 12);
    Tensor<double> z = dice.tensor<double>({n, k}, -4.0, 4.0);
    // Soft targets whose sum need not be 1.
    const Tensor<double> t = dice.tensor<double>({n, k}, 0.0, 1.0);
    const auto loss = [&] {
      double total = 0.0;
      for (std::int64_t r = 0; r < n; ++r) {
        double sum = 0.0;
        for (std::int64_t c = 0; c < k; ++c) sum += std::exp(z(r, c));
        for (std::int64_t c = 0; c < k; ++c) total -= t(r, c) * std::log(std::exp(z(r, c)) / sum);
      }
      return total / static_cast<double>(n);
    };
    Tensor<double> dz(z.shape());
    REQUIRE(softmax_cross_entropy<double>(dz, z, t) == Approx(loss()).epsilon(1e-12));
    for (std::int64_t j = 0; j < z.size(); ++j) {
      const double start = z[j], h = 1e-5;
      z[j] = start + h;
      const double above = loss();
      z[j] = start - h;
      const double below = loss();
      z[j] = start;
      REQUIRE(dz[j] == Approx((above - below) / (2.0 * h)).margin(1e-8));
    }
  }
}

TEST_CASE("large logits neither overflow nor lose the answer", "[loss]") {
  const Tensor<float> z = Tensor<float>::from({1, 3}, std::vector<float>{1e4F, -1e4F, 0.0F});
  Tensor<float> t({1, 3}), dz({1, 3}), p({1, 3});
  const std::vector<std::int32_t> label = {0};
  smooth_targets<float>(t, label, 0.0);
  CHECK(softmax_cross_entropy<float>(dz, z, t) == Approx(0.0).margin(1e-6));
  softmax<float>(p, z);
  CHECK(p[0] == 1.0F);
  CHECK(p[1] == 0.0F);
}

TEST_CASE("NaN in a logit is NaN in the loss", "[loss]") {
  Tensor<float> z({1, 3}), t = Tensor<float>::filled({1, 3}, 1.0F / 3.0F), dz({1, 3});
  z[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(softmax_cross_entropy<float>(dz, z, t)));
}

TEST_CASE("softmax sums to one", "[loss]") {
  Dice dice(541);
  const Tensor<double> z = dice.tensor<double>({7, 11}, -5.0, 5.0);
  Tensor<double> p(z.shape());
  softmax<double>(p, z);
  for (std::int64_t n = 0; n < 7; ++n) {
    double sum = 0.0;
    for (std::int64_t k = 0; k < 11; ++k) sum += p(n, k);
    REQUIRE(sum == Approx(1.0));
    REQUIRE(p(n, 3) / p(n, 4) == Approx(std::exp(z(n, 3) - z(n, 4))));
  }
}

TEST_CASE("softmax refuses what does not fit", "[loss]") {
  const Tensor<float> logits({2, 3}), flat({6}), none({2, 0});
  Tensor<float> fewer({2, 2}), empty({2, 0}), same({6});
  CHECK_THROWS_AS(softmax<float>(fewer, logits), Error);
  CHECK_THROWS_AS(softmax<float>(same, flat), Error);
  CHECK_THROWS_AS(softmax<float>(empty, none), Error);
}

TEST_CASE("labels and shapes that do not fit are refused", "[loss]") {
  Tensor<float> targets({2, 4}), logits({2, 4}), d({2, 4}), other({3, 4});
  logits.fill(0.0F);
  const auto smooth = [&](const std::vector<std::int32_t>& labels) {
    kernels::smooth_targets<float>(targets, labels, 0.1);
  };
  CHECK_NOTHROW(smooth({0, 3}));
  CHECK_THROWS_AS(smooth({0, 4}), Error);
  CHECK_THROWS_AS(smooth({-1, 3}), Error);
  CHECK_THROWS_AS(smooth({0}), Error);
  CHECK_NOTHROW(kernels::softmax_cross_entropy<float>(d, logits, targets));
  CHECK_THROWS_AS(kernels::softmax_cross_entropy<float>(d, logits, other), Error);
  CHECK_THROWS_AS(kernels::softmax_cross_entropy<float>(other, logits, targets), Error);
}

TEST_CASE("weights that do not fit are refused", "[loss]") {
  Tensor<float> targets({2, 4}), flat({8});
  const std::vector<double> weights(4, 1.0), few(2, 1.0);
  const std::vector<std::int32_t> labels = {0, 3}, wrong = {0, 4}, one = {0};
  CHECK_NOTHROW(kernels::weigh_targets<float>(targets, labels, weights));
  CHECK_THROWS_AS(kernels::weigh_targets<float>(targets, labels, few), Error);
  CHECK_THROWS_AS(kernels::weigh_targets<float>(targets, wrong, weights), Error);
  CHECK_THROWS_AS(kernels::weigh_targets<float>(targets, one, weights), Error);
  CHECK_THROWS_AS(kernels::weigh_targets<float>(flat, labels, weights), Error);
}

TEST_CASE("a batch of nothing has no loss", "[loss]") {
  const Tensor<float> none({0, 4});
  Tensor<float> d({0, 4});
  CHECK_THROWS_AS(kernels::softmax_cross_entropy<float>(d, none, none), Error);
}

}  // namespace effv2::loss_test
