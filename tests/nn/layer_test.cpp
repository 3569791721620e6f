#include <effv2/models/efficientnet.hpp>
#include <effv2/nn/activation.hpp>
#include <effv2/nn/batch_norm.hpp>
#include <effv2/nn/dropout.hpp>
#include <effv2/nn/layer.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/mbconv.hpp>
#include <effv2/nn/sequential.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::layer_test {

namespace {
struct NoLayer {
  using value_type = float;
};

template <class L>
concept TakesTemporary = requires(L layer, typename L::Saved& saved, nn::Context<float>& context) {
  layer.forward(Tensor<float>(), saved, context);
};
}  // namespace

TEST_CASE("the concept knows layers from other things", "[layer]") {
  STATIC_REQUIRE(nn::Layer<nn::Linear<float>>);
  STATIC_REQUIRE(nn::Layer<nn::AnyLayer<double>>);
  STATIC_REQUIRE_FALSE(nn::Layer<NoLayer>);
}

TEST_CASE("what keeps a view of its input takes no temporary", "[layer]") {
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::Activation<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::BatchNorm<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::Conv2d<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::DepthwiseConv2d<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::Linear<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::SqueezeExcite<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::ConvBnAct<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::DepthwiseConvBnAct<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::MBConv<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::FusedMBConv<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::Sequential<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<nn::AnyLayer<float>>);
  STATIC_REQUIRE_FALSE(TakesTemporary<models::EfficientNet<float>>);
  // The others look at nothing but the shape, or write down what they need.
  STATIC_REQUIRE(TakesTemporary<nn::Dropout<float>>);
}

TEST_CASE("a held layer computes what it does by itself, and copies of it are apart", "[layer]") {
  testing::Dice dice(707);
  nn::Linear<float> linear(4, 3);
  nn::initialize(linear, 1);
  nn::AnyLayer<float> held = linear, copy = held;
  nn::Context<float> context(1);
  const Tensor<float> x = dice.tensor<float>({2, 4});
  const Tensor<float> y = linear.infer(x, context);
  CHECK(testing::largest_difference(held.infer(x, context), y) == 0.0);
  REQUIRE(held.as<nn::Linear<float>>() != nullptr);
  CHECK(held.as<nn::Activation<float>>() == nullptr);
  held.as<nn::Linear<float>>()->weight.edit().fill(0.0F);
  CHECK(testing::largest_difference(copy.infer(x, context), y) == 0.0);
}

TEST_CASE("assignment keeps the parameters in place if the layer is of the same type", "[layer]") {
  nn::Linear<float> linear(4, 3), other(4, 3);
  nn::initialize(linear, 1), nn::initialize(other, 2);
  nn::AnyLayer<float> held = linear;
  const nn::AnyLayer<float> from = other;
  nn::Parameter<float>* weight = &held.as<nn::Linear<float>>()->weight;
  held = from;
  CHECK(&held.as<nn::Linear<float>>()->weight == weight);
  CHECK(testing::largest_difference(weight->value(), other.weight.value()) == 0.0);
  held = linear;  // made a layer of its own first, and moved
  CHECK(&held.as<nn::Linear<float>>()->weight == weight);
  CHECK(testing::largest_difference(weight->value(), linear.weight.value()) == 0.0);
  held = nn::AnyLayer<float>(nn::Activation<float>{nn::ActivationKind::silu});
  CHECK(held.as<nn::Activation<float>>() != nullptr);
  held = from;
  CHECK(held.as<nn::Linear<float>>() != nullptr);
}

TEST_CASE("a holder that was moved from says so", "[layer]") {
  nn::AnyLayer<float> held = nn::Linear<float>(4, 3);
  const nn::AnyLayer<float> taken = std::move(held);
  nn::Context<float> context(1);
  CHECK_THROWS_AS(held.infer(Tensor<float>({1, 4}), context), Error);
  CHECK_THROWS_AS(nn::AnyLayer<float>(held), Error);
  held = taken;
  CHECK(held.as<nn::Linear<float>>() != nullptr);
}

TEST_CASE("only a layer that says so may leave the data's gradient out", "[layer]") {
  CHECK(nn::skips_data_gradient(nn::Linear<float>(4, 3)));
  CHECK_FALSE(nn::skips_data_gradient(nn::Activation<float>{}));
  CHECK(nn::skips_data_gradient(nn::AnyLayer<float>(nn::Linear<float>(4, 3))));
  CHECK_FALSE(nn::skips_data_gradient(nn::AnyLayer<float>(nn::Activation<float>{})));
}

}  // namespace effv2::layer_test
