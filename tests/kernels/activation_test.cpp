#include <effv2/kernels/activation.hpp>

#include "../catch.hpp"
#include "../support/random.hpp"

namespace effv2::activation_test {

using namespace effv2::kernels;

namespace {

double value(ActivationKind kind, double x) {
  switch (kind) {
    case ActivationKind::relu:
      return std::max(0.0, x);
    case ActivationKind::silu:
      return x / (1.0 + std::exp(-x));
    case ActivationKind::sigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case ActivationKind::hard_swish:
      return x * std::clamp(x + 3.0, 0.0, 6.0) / 6.0;
    default:
      return x;
  }
}

constexpr ActivationKind kinds[] = {ActivationKind::identity, ActivationKind::relu,
                                    ActivationKind::silu, ActivationKind::sigmoid,
                                    ActivationKind::hard_swish};

}  // namespace

TEMPLATE_TEST_CASE("values equal their definitions", "[activation]", float, double) {
  testing::Dice dice(510);
  for (const ActivationKind kind : kinds) {
    const Tensor<TestType> x = dice.tensor<TestType>({20011}, -9.0, 9.0);
    Tensor<TestType> y(x.shape());
    activation_forward<TestType>(y, x, kind, Execution(2));
    for (std::int64_t i = 0; i < x.size(); ++i) {
      REQUIRE(static_cast<double>(y[i]) ==
              Approx(value(kind, static_cast<double>(x[i]))).epsilon(2e-6).margin(2e-6));
    }
  }
}

TEST_CASE("derivatives in float equal central differences in double", "[activation]") {
  testing::Dice dice(511);
  for (const ActivationKind kind : kinds) {
    Tensor<float> x = dice.tensor<float>({3001}, -9.0, 9.0);
    for (float& v : x) {
      for (const float kink : {-3.0F, 0.0F, 3.0F}) {
        if (std::abs(v - kink) < 1e-3F) v = kink + 1e-3F;
      }
    }
    const Tensor<float> dy = Tensor<float>::filled(x.shape(), 2.0F);
    Tensor<float> dx(x.shape());
    activation_backward<float>(dx, dy, x, kind, Execution(2));
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const double at = static_cast<double>(x[i]), h = 1e-5;
      const double slope = (value(kind, at + h) - value(kind, at - h)) / (2.0 * h);
      REQUIRE(static_cast<double>(dx[i]) == Approx(2.0 * slope).margin(1e-5));
    }
  }
}

TEST_CASE("sigmoid goes back from its result as from its argument", "[activation]") {
  testing::Dice dice(71);
  const Tensor<double> x = dice.tensor<double>({1, 777}, -8.0, 8.0),
                       dy = dice.tensor<double>({1, 777});
  Tensor<double> y(x.shape()), expected(x.shape()), dx(x.shape());
  const Execution run(2);
  activation_forward<double>(y, x, ActivationKind::sigmoid, run);
  activation_backward<double>(expected, dy, x, ActivationKind::sigmoid, run);
  sigmoid_backward<double>(dx, dy, y, run);
  for (std::int64_t i = 0; i < x.size(); ++i) REQUIRE(dx[i] == Approx(expected[i]).margin(1e-15));
}

TEST_CASE("the kinks have a side", "[activation]") {
  const Tensor<float> x = Tensor<float>::from({3}, std::vector<float>{0.0F, 4.0F, -4.0F});
  const Tensor<float> dy = Tensor<float>::filled({3}, 1.0F);
  Tensor<float> dx({3});
  activation_backward<float>(dx, dy, x, ActivationKind::relu, Execution(1));
  CHECK(dx[0] == 0.0F);
  activation_backward<float>(dx, dy, x, ActivationKind::hard_swish, Execution(1));
  CHECK(dx[1] == 1.0F);
  CHECK(dx[2] == 0.0F);
}

TEST_CASE("names", "[activation]") {
  CHECK(name_of(ActivationKind::hard_swish) == "hard_swish");
  CHECK(name_of(ActivationKind::identity) == "identity");
}

}  // namespace effv2::activation_test
