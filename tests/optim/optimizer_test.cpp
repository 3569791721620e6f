#include <cmath>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/sequential.hpp>
#include <effv2/optim/adamw.hpp>
#include <effv2/optim/optimizer.hpp>
#include <effv2/optim/rmsprop.hpp>
#include <effv2/optim/sgd.hpp>
#include <limits>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"

namespace effv2::optimizer_test {

using testing::Dice;

namespace {

nn::Linear<float> layer() {
  nn::Linear<float> linear(37, 600);
  nn::initialize(linear, 1);
  return linear;
}

void set_gradients(nn::Linear<float>& linear, float value) {
  linear.weight.gradient().fill(value);
  linear.bias.gradient().fill(value);
}

// A layer, as it was, and an optimiser that changes it by the gradient clipped to 1.
struct Clipping {
  nn::Linear<float> linear = layer();
  const nn::Linear<float> before = linear;
  optim::Sgd<float> optimizer{linear, {.momentum = 0.0}};

  Clipping() { optimizer.clip_norm = 1.0; }
};

// A layer under two names.
struct Tied {
  using value_type = float;
  nn::Linear<float> linear = layer();
  void visit(nn::Visitor<float>& visitor) {
    visitor("encoder", linear);
    visitor("decoder", linear);
  }
};

}  // namespace

TEST_CASE("a gradient that is not finite changes nothing and is named", "[optimizer]") {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    nn::Linear<float> linear = layer();
    optim::AdamW<float> optimizer(linear);
    set_gradients(linear, 0.5F);
    optimizer.step(0.1, Execution(2));
    const nn::Linear<float> before = linear;
    const std::vector<float> moment(optimizer.slots()[0].first.begin(),
                                    optimizer.slots()[0].first.end());
    set_gradients(linear, 0.5F);
    linear.bias.gradient()[599] = bad;
    CHECK_THROWS_WITH(optimizer.step(0.1, Execution(2)), Catch::Contains("bias"));
    CHECK(testing::largest_difference(linear.weight.value(), before.weight.value()) == 0.0);
    CHECK(testing::largest_difference(linear.bias.value(), before.bias.value()) == 0.0);
    CHECK(std::equal(moment.begin(), moment.end(), optimizer.slots()[0].first.begin()));
    CHECK(optimizer.steps() == 1);
  }
}

TEST_CASE("rates and decays that are none are refused, and change nothing", "[optimizer]") {
  nn::Linear<float> linear = layer();
  const nn::Linear<float> before = linear;
  optim::Sgd<float> optimizer(linear);
  set_gradients(linear, 1.0F);
  for (const double bad : {-0.1, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(optimizer.step(bad, Execution(1)), Error);
    CHECK_THROWS_AS(optimizer.group("weight", bad, 0.0), Error);
    CHECK_THROWS_AS(optimizer.group("weight", 1.0, bad), Error);
  }
  CHECK(testing::largest_difference(linear.weight.value(), before.weight.value()) == 0.0);
  CHECK(optimizer.slots()[0].learning_rate_scale == 1.0);
}

TEST_CASE_METHOD(Clipping, "gradients whose squares are too large for a float are clipped",
                 "[optimizer]") {
  set_gradients(linear, 0.0F);
  linear.bias.gradient()[599] = 2e19F;
  CHECK(optimizer.step(0.5, Execution(2)) == Approx(2e19));
  CHECK(linear.bias.value()[599] == Approx(before.bias.value()[599] - 0.5F));
}

TEST_CASE("a step uses the gradients up and returns their norm", "[optimizer]") {
  nn::Linear<float> linear = layer();
  optim::Sgd<float> optimizer(linear);
  set_gradients(linear, 2.0F);
  CHECK(optimizer.step(0.1, Execution(2)) == Approx(2.0 * std::sqrt(38.0 * 600.0)));
  CHECK(testing::largest(linear.weight.gradient()) == 0.0);
  CHECK(testing::largest(linear.bias.gradient()) == 0.0);
}

TEST_CASE_METHOD(Clipping, "clipping scales the gradient to the norm", "[optimizer]") {
  set_gradients(linear, 2.0F);
  optimizer.step(1.0, Execution(1));
  const double change = static_cast<double>(before.bias.value()[3] - linear.bias.value()[3]);
  CHECK(change == Approx(1.0 / std::sqrt(38.0 * 600.0)).epsilon(1e-4));
  // A small gradient is left alone.
  const nn::Linear<float> again = linear;
  set_gradients(linear, 1e-4F);
  optimizer.step(1.0, Execution(1));
  CHECK(static_cast<double>(again.bias.value()[3] - linear.bias.value()[3]) ==
        Approx(1e-4).epsilon(1e-2));
}

TEST_CASE("weight decay leaves out biases", "[optimizer]") {
  nn::Linear<float> linear = layer();
  linear.bias.edit().fill(1.0F);
  const nn::Linear<float> before = linear;
  optim::AdamW<float> optimizer(linear, {.weight_decay = 0.5});
  set_gradients(linear, 0.0F);
  optimizer.step(0.1, Execution(1));
  CHECK(linear.bias.value()[0] == 1.0F);
  CHECK(linear.weight.value()[7] == Approx(before.weight.value()[7] * 0.95F));
}

TEST_CASE("frozen parameters stay, groups have rates of their own", "[optimizer]") {
  nn::Linear<float> linear = layer();
  const nn::Linear<float> before = linear;
  nn::freeze(linear, "weight");
  optim::Sgd<float> optimizer(linear, {.momentum = 0.0});
  optimizer.group("bias", 10.0, 0.0);
  set_gradients(linear, 1.0F);
  // Not even a bad gradient of a frozen parameter matters.
  linear.weight.gradient()[0] = std::numeric_limits<float>::quiet_NaN();
  optimizer.step(0.01, Execution(1));
  CHECK(testing::largest_difference(linear.weight.value(), before.weight.value()) == 0.0);
  CHECK(linear.bias.value()[5] == Approx(-0.1));
  CHECK_THROWS_AS(optimizer.group("nothing", 1.0, 0.0), Error);
  CHECK_THROWS_AS(nn::freeze(linear, "wei"), Error);
}

TEST_CASE("bits do not depend on the number of threads", "[optimizer]") {
  std::vector<nn::Linear<float>> results;
  for (const int threads : {1, 2, 7}) {
    nn::Linear<float> linear = layer();
    optim::AdamW<float> optimizer(linear);
    optimizer.clip_norm = 0.1;
    Dice dice(400);
    for (int i = 0; i < 3; ++i) {
      linear.weight.gradient() = dice.tensor<float>({37, 600});
      optimizer.step(0.1, Execution(threads));
    }
    results.push_back(linear);
  }
  for (const auto& other : results) {
    CHECK(testing::largest_difference(other.weight.value(), results[0].weight.value()) == 0.0);
  }
}

TEST_CASE("options out of range are refused", "[optimizer]") {
  nn::Linear<float> linear = layer();
  CHECK_THROWS_AS(optim::Sgd<float>(linear, {.momentum = 1.0}), Error);
  CHECK_THROWS_AS(optim::AdamW<float>(linear, {.beta2 = 1.5}), Error);
  CHECK_THROWS_AS(optim::AdamW<float>(linear, {.weight_decay = -1.0}), Error);
  CHECK_THROWS_AS(optim::Rmsprop<float>(linear, {.rho = -0.1}), Error);
}

TEST_CASE("an average moves along as if it were updated after the step", "[optimizer][ema]") {
  nn::Linear<float> linear = layer(), same = layer(), other = layer();
  optim::AdamW<float> optimizer(linear), plain(same);
  optim::Ema<float> along(linear, 0.9), after(same, 0.9);
  for (int i = 0; i < 3; ++i) {
    set_gradients(linear, 0.5F + static_cast<float>(i));
    set_gradients(same, 0.5F + static_cast<float>(i));
    optimizer.step(0.1, Execution(2), &along);
    plain.step(0.1, Execution(2));
    after.update(Execution(2));
  }
  along.swap(), after.swap();
  CHECK(testing::largest_difference(linear.weight.value(), same.weight.value()) == 0.0);
  CHECK(testing::largest_difference(linear.bias.value(), same.bias.value()) == 0.0);
  optim::Ema<float> wrong(other, 0.9);
  CHECK_THROWS_AS(optimizer.step(0.1, Execution(1), &wrong), Error);
}

TEST_CASE("a model may be restored under its optimizer", "[optimizer]") {
  nn::Sequential<float> net(nn::Linear<float>(7, 5), nn::Linear<float>(5, 2));
  nn::initialize(net, 1);
  optim::Sgd<float> optimizer(net, {.momentum = 0.0, .weight_decay = 0.0});
  const nn::Sequential<float> best = net;
  const auto first_weight = [](nn::Sequential<float>& n) -> nn::Parameter<float>& {
    return n[0].as<nn::Linear<float>>()->weight;
  };
  first_weight(net).gradient().fill(1.0F);
  optimizer.step(0.5, Execution(1));
  net = best;
  const float before = first_weight(net).value()[0];
  first_weight(net).gradient().fill(1.0F);
  optimizer.step(0.5, Execution(1));
  CHECK(first_weight(net).value()[0] == before - 0.5F);
}

TEST_CASE("a parameter of another size than the optimizer knows is refused", "[optimizer]") {
  nn::Linear<float> linear = layer();
  optim::AdamW<float> optimizer(linear);
  linear = nn::Linear<float>(37, 10);
  nn::initialize(linear, 1);
  CHECK_THROWS_WITH(optimizer.step(0.1, Execution(1)),
                    Catch::Contains("has 370 numbers, and had 22200"));
}

TEST_CASE("an epsilon of nothing is refused", "[optimizer]") {
  nn::Linear<float> linear = layer();
  CHECK_THROWS_AS(optim::AdamW<float>(linear, {.epsilon = 0.0}), Error);
  CHECK_THROWS_AS(optim::Rmsprop<float>(linear, {.epsilon = 0.0}), Error);
}

TEST_CASE("gradients whose squares are no numbers change nothing, unless clipped", "[optimizer]") {
  nn::Linear<float> linear = layer();
  const nn::Linear<float> before = linear;
  optim::AdamW<float> optimizer(linear);
  set_gradients(linear, 1e20F);
  CHECK_THROWS_WITH(optimizer.step(0.1, Execution(1)), Catch::Contains("too large"));
  CHECK(testing::largest_difference(linear.weight.value(), before.weight.value()) == 0.0);
  CHECK(optimizer.steps() == 0);
  optimizer.clip_norm = 1.0;
  optimizer.step(0.1, Execution(1));
  CHECK(testing::largest(linear.weight.value()) < 1.0);
}

TEST_CASE("an optimizer has every parameter once, and is not copied", "[optimizer]") {
  Tied tied;
  CHECK_THROWS_WITH(optim::AdamW<float>(tied),
                    Catch::Contains("decoder.weight is encoder.weight once more"));
  static_assert(!std::is_copy_constructible_v<optim::AdamW<float>>);
}

TEST_CASE("an optimizer registers a state once", "[optimizer]") {
  struct Twice final : optim::Optimizer<float> {
    explicit Twice(nn::Linear<float>& linear)
        : Optimizer(linear, 0.0, {.first = false, .second = false}) {
      register_state("mood", mood), register_state("mood", age);
    }
    void update(optim::UpdateSpan<float>, double, double, double) const override {}
    double mood = 0.0;
    std::int64_t age = 0;
  };
  nn::Linear<float> linear = layer();
  CHECK_THROWS_AS(Twice(linear), Error);
}

TEST_CASE("a norm to clip at is a number of at least 0", "[optimizer]") {
  nn::Linear<float> linear = layer();
  optim::Sgd<float> optimizer(linear);
  for (const double bad : {-1.0, std::nan("")}) {
    optimizer.clip_norm = bad;
    CHECK_THROWS_WITH(optimizer.step(0.1, Execution(1)), Catch::Contains("norm to clip"));
  }
}

}  // namespace effv2::optimizer_test
