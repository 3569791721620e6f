#include <effv2/nn/context.hpp>
#include <new>

#include "../catch.hpp"

namespace effv2::context_test {

TEST_CASE("plans are made once, packed weights until the weights change", "[context]") {
  nn::Context<float> context(1);
  const kernels::Window window(5, 5, 3, 1, kernels::Padding::symmetric);
  CHECK(&context.plan(window) == &context.plan(window));
  nn::Parameter<float> weight({4, 6}, nn::Initializer::constant(1.0), nn::WeightDecay::yes);
  CHECK(context.packed(weight).data[0] == 1.0F);
  weight.edit().fill(2.0F);
  CHECK(context.packed(weight).data[0] == 2.0F);
  CHECK(context.pack(weight, kernels::Transpose::yes).depth == 6);
  context.clear();
  CHECK(context.packed(weight).data[0] == 2.0F);
}

TEST_CASE("weights without values are refused each time", "[context]") {
  nn::Context<float> context(1);
  nn::Parameter<float> weight({4, 6}, nn::Initializer::constant(1.0), nn::WeightDecay::yes);
  context.packed(weight);
  weight = nn::Parameter<float>({4, 6}, nn::Initializer::normal(1.0), nn::WeightDecay::yes);
  for (int time = 0; time < 2; ++time) CHECK_THROWS_AS(context.packed(weight), Error);
}

TEST_CASE("derived weights that could not be made are made the next time", "[context]") {
  nn::Context<float> context(1);
  const nn::Parameter<float> filters({3, 3, 5}, nn::Initializer::constant(1.0),
                                     nn::WeightDecay::yes);
  int tries = 0;
  const auto make = [&](Tensor<float>& weights, Tensor<float>&) {
    weights.fill(2.0F);
    if (++tries == 2) throw std::bad_alloc();
  };
  const kernels::Window none;
  context.derived(filters, 1, none, make);
  CHECK_THROWS_AS(context.derived(filters, 2, none, make), std::bad_alloc);
  CHECK(context.derived(filters, 1, none, make).weights[0] == 2.0F);
  CHECK(tries == 3);
}

TEST_CASE("derived weights are made again for a newer version only", "[context]") {
  nn::Context<float> context(1);
  const nn::Parameter<float> filters({3, 3, 5}, nn::Initializer::constant(1.0),
                                     nn::WeightDecay::yes);
  int made = 0;
  const auto make = [&](Tensor<float>& weights, Tensor<float>& bias) {
    weights.fill(static_cast<float>(++made));
    bias.fill(-1.0F);
  };
  CHECK(context.derived(filters, 1, {}, make).weights(2, 2, 4) == 1.0F);
  CHECK(context.derived(filters, 1, {}, make).bias.shape() == Shape{5});
  CHECK(context.derived(filters, 2, {}, make).weights(0, 0, 0) == 2.0F);
  CHECK(made == 2);
}

TEST_CASE("a step draws the same numbers again, the next step and layer others", "[context]") {
  nn::Context<float> context(1, 7);
  context.begin_step(3);
  const float first = context.next_random().uniform(0), second = context.next_random().uniform(0);
  context.begin_step(3);
  CHECK(context.next_random().uniform(0) == first);
  context.begin_step(4);
  CHECK(context.next_random().uniform(0) != first);
  CHECK(first != second);
}

TEST_CASE("only the tensor named as data is data, and only in its step", "[context]") {
  nn::Context<float> context(1);
  const Tensor<float> x({2, 3}), y({2, 3});
  CHECK_FALSE(context.is_data(x));
  context.begin_step(0, x);
  CHECK(context.is_data(x));
  CHECK_FALSE(context.is_data(y));
  context.begin_step(1);
  CHECK_FALSE(context.is_data(x));
}

}  // namespace effv2::context_test
