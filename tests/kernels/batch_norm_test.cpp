#include <effv2/kernels/batch_norm.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::batch_norm_test {

using namespace effv2::kernels;
using testing::Dice;

namespace {

struct Moments {
  std::vector<double> mean, variance;
};

template <class T>
Moments naive_moments(const Tensor<T>& x, std::int64_t channels) {
  const std::int64_t rows = x.size() / channels;
  Moments m{std::vector<double>(static_cast<std::size_t>(channels)),
            std::vector<double>(static_cast<std::size_t>(channels))};
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto at = static_cast<std::size_t>(c);
    for (std::int64_t r = 0; r < rows; ++r) m.mean[at] += static_cast<double>(x[r * channels + c]);
    m.mean[at] /= static_cast<double>(rows);
    for (std::int64_t r = 0; r < rows; ++r) {
      const double d = static_cast<double>(x[r * channels + c]) - m.mean[at];
      m.variance[at] += d * d;
    }
    m.variance[at] /= static_cast<double>(rows);
  }
  return m;
}

}  // namespace

TEST_CASE("statistics equal their definition", "[batch_norm]") {
  Dice dice(500);
  for (int i = 0; i < 100; ++i) {
    const std::int64_t channels = dice.between(1, 70), rows = dice.between(2, 3000);
    // A mean far from zero: squares must not cancel.
    const Tensor<float> x = dice.tensor<float>({rows, channels}, 99.0, 101.0);
    const Moments expected = naive_moments(x, channels);
    Tensor<float> mean({channels}), variance({channels});
    batch_norm_statistics<float>(mean, variance, x, Execution(1 + i % 3));
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto at = static_cast<std::size_t>(c);
      REQUIRE(mean[c] == Approx(expected.mean[at]).epsilon(1e-6));
      REQUIRE(variance[c] == Approx(expected.variance[at]).epsilon(2e-4));
    }
  }
}

TEST_CASE("normalising and the fused activation equal their definition", "[batch_norm]") {
  Dice dice(501);
  for (int i = 0; i < 60; ++i) {
    const std::int64_t channels = dice.between(1, 50), rows = dice.between(2, 300);
    const Tensor<double> x = dice.tensor<double>({rows, channels});
    const Tensor<double> gamma = dice.tensor<double>({channels}),
                         beta = dice.tensor<double>({channels});
    const Moments m = naive_moments(x, channels);
    Tensor<double> mean({channels}), variance({channels}), scale({channels}), shift({channels});
    Tensor<double> y(x.shape());
    const Execution run(2);
    batch_norm_statistics<double>(mean, variance, x, run);
    batch_norm_coefficients<double>(scale, shift, gamma, beta, mean, variance, 1e-3);
    batch_norm_forward<double>(y, x, {scale, shift, ActivationKind::silu}, run);
    for (std::int64_t j = 0; j < x.size(); ++j) {
      const auto c = static_cast<std::size_t>(j % channels);
      const double u = gamma[j % channels] * (x[j] - m.mean[c]) / std::sqrt(m.variance[c] + 1e-3) +
                       beta[j % channels];
      REQUIRE(y[j] == Approx(u / (1.0 + std::exp(-u))).margin(1e-12));
    }
  }
}

TEST_CASE("running statistics move by the momentum, the variance unbiased", "[batch_norm]") {
  Tensor<float> mean = Tensor<float>::filled({1}, 1.0F),
                variance = Tensor<float>::filled({1}, 2.0F);
  const Tensor<float> m = Tensor<float>::filled({1}, 3.0F), v = Tensor<float>::filled({1}, 4.0F);
  batch_norm_update_running<float>(mean, variance, m, v, 5, 0.1);
  CHECK(mean[0] == Approx(1.2));
  CHECK(variance[0] == Approx(2.0 + 0.1 * (5.0 - 2.0)));
}

TEST_CASE("a folded convolution is the convolution with scaled weights", "[batch_norm]") {
  const Tensor<float> w = Tensor<float>::from({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  const Tensor<float> scale = Tensor<float>::from({3}, std::vector<float>{2, 3, -1});
  Tensor<float> folded({2, 3});
  batch_norm_fold<float>(folded, w, scale);
  CHECK(std::vector<float>(folded.begin(), folded.end()) ==
        std::vector<float>{2, 6, -3, 8, 15, -6});
}

TEST_CASE("bits of statistics and gradients do not depend on the threads", "[batch_norm]") {
  Dice dice(502);
  const std::int64_t c = 24;
  const Tensor<float> x = dice.tensor<float>({9000, c}), dy = dice.tensor<float>({9000, c});
  std::vector<Tensor<float>> results;
  for (const int threads : {1, 2, 3, 7}) {
    const Execution run(threads);
    Tensor<float> mean({c}), variance({c}), dx(x.shape()), dgamma({c}), dbeta({c});
    batch_norm_statistics<float>(mean, variance, x, run);
    const Tensor<float> one = Tensor<float>::filled({c}, 1.0F), zero({c});
    batch_norm_backward<float>(dx, dgamma, dbeta, dy, x, {one, zero, ActivationKind::silu}, mean,
                               variance, 1e-3, Statistics::batch, run);
    results.push_back(std::move(dx));
  }
  for (const Tensor<float>& other : results) {
    CHECK(std::equal(other.begin(), other.end(), results[0].begin()));
  }
}

TEST_CASE("gradients are added, and empty ones are left out", "[batch_norm]") {
  Dice dice(503);
  const Tensor<double> x = dice.tensor<double>({8, 3}), dy = dice.tensor<double>({8, 3});
  const Tensor<double> one = Tensor<double>::filled({3}, 1.0), zero({3});
  Tensor<double> dx(x.shape()), again(x.shape()), dgamma({3}),
      dbeta = Tensor<double>::filled({3}, 1.0);
  const Execution run(1);
  batch_norm_backward<double>(dx, dgamma, dbeta, dy, x, {one, zero}, zero, one, 1e-3,
                              Statistics::fixed, run);
  double sum = 1.0;
  for (std::int64_t r = 0; r < 8; ++r) sum += dy(r, 1);
  CHECK(dbeta[1] == Approx(sum));
  batch_norm_backward<double>(again, {}, {}, dy, x, {one, zero}, zero, one, 1e-3, Statistics::fixed,
                              run);
  CHECK(testing::largest_difference(dx, again) == 0.0);
}

}  // namespace effv2::batch_norm_test
