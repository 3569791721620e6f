#include <effv2/nn/activation.hpp>
#include <effv2/nn/conv_bn_act.hpp>
#include <effv2/nn/drop_path.hpp>
#include <effv2/nn/fused_mbconv.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/nn/mbconv.hpp>
#include <effv2/nn/pooling.hpp>
#include <effv2/nn/sequential.hpp>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/random.hpp"
#include "../support/small_network.hpp"

namespace effv2::sequential_test {

namespace {

// A linear layer that counts its backward passes.
struct Counted {
  using value_type = float;
  using Saved = nn::Linear<float>::Saved;

  nn::Linear<float> linear;
  int* backwards;

  Tensor<float> forward(const Tensor<float>& x, Saved& saved, nn::Context<float>& context) {
    return linear.forward(x, saved, context);
  }
  Tensor<float> backward(const Tensor<float>& dy, Saved& saved, nn::Context<float>& context) {
    ++*backwards;
    return linear.backward(dy, saved, context);
  }
  Tensor<float> infer(const Tensor<float>& x, nn::Context<float>& context) const {
    return linear.infer(x, context);
  }
  static constexpr bool skips_data_gradient() { return true; }
  void visit(nn::Visitor<float>& visitor) { visitor("linear", linear); }
  int describe(nn::Graph& graph, int input) const { return graph.enter("linear", linear, input); }
};

}  // namespace

TEST_CASE("a sequence is its layers one after the other", "[sequential]") {
  auto net = testing::small_network();
  nn::Context<float> context(1);
  testing::Dice dice(710);
  const Tensor<float> x = dice.tensor<float>({3, 5, 5, 1});
  const Tensor<float> y = net.infer(x, context);
  const Tensor<float> by_hand =
      net[2].infer(net[1].infer(net[0].infer(x, context), context), context);
  CHECK(testing::largest_difference(y, by_hand) == 0.0);
  CHECK(net.size() == 3);
  CHECK(net[2].as<nn::Linear<float>>() != nullptr);
  CHECK(net[2].as<nn::GlobalAveragePool<float>>() == nullptr);
}

TEST_CASE("an empty sequence is refused", "[sequential]") {
  nn::Sequential<float> net;
  nn::Context<float> context(1);
  nn::Sequential<float>::Saved saved;
  const Tensor<float> x({1, 2});
  CHECK_THROWS_AS(net.infer(x, context), Error);
  CHECK_THROWS_AS(net.forward(x, saved, context), Error);
}

TEST_CASE("copies of a sequence share nothing", "[sequential]") {
  auto net = testing::small_network();
  auto copy = net;
  copy[2].as<nn::Linear<float>>()->weight.edit().fill(0.0F);
  CHECK(testing::largest(net[2].as<nn::Linear<float>>()->weight.value()) > 0.0);
}

TEST_CASE("a tape may move on to another network", "[sequential]") {
  // AnyLayer's Saved is typed: one that came from other layers is replaced.
  nn::Context<float> context(1);
  nn::Sequential<float>::Saved saved;
  testing::Dice dice(711);
  const Tensor<float> x = dice.tensor<float>({3, 5, 5, 1});
  auto first = testing::small_network();
  first.forward(x, saved, context);
  nn::Sequential<float> second(nn::Flatten<float>{}, nn::Linear<float>(25, 2),
                               nn::Activation<float>{nn::ActivationKind::silu});
  nn::initialize(second, 1);
  const Tensor<float> y = second.forward(x, saved, context);
  CHECK(second.backward(y, saved, context).shape() == x.shape());
}

TEST_CASE("a tape keeps nothing of the network it was used for before", "[sequential]") {
  // Samples that the first network's drop path dropped have a gradient in the second.
  nn::Context<double> context(1, 3);
  testing::Dice dice(712);
  const Tensor<double> x = dice.tensor<double>({6, 4, 4, 4});
  const auto network = [](const auto& block) {
    nn::Sequential<double> net(block);
    nn::initialize(net, 1);
    return net;
  };
  const auto gradient = [&](nn::Sequential<double>& net, nn::Sequential<double>::Saved& saved) {
    const Tensor<double> y = net.forward(x, saved, context);
    return net.backward(Tensor<double>::filled(y.shape(), 1.0), saved, context);
  };
  const auto check = [&](auto dropping, auto plain) {
    dropping.drop_path = nn::DropPath<double>(0.9);
    plain.residual = false;
    auto first = network(dropping), second = network(plain);
    nn::Sequential<double>::Saved used, fresh;
    gradient(first, used);
    CHECK(testing::largest_difference(gradient(second, used), gradient(second, fresh)) == 0.0);
  };
  const nn::BlockOptions options{.in_channels = 4, .out_channels = 4};
  check(nn::MBConv<double>(options), nn::MBConv<double>(options));
  check(nn::FusedMBConv<double>(options), nn::FusedMBConv<double>(options));
}

TEST_CASE("a backward pass needs a forward pass of its own", "[sequential]") {
  nn::Context<float> context(1);
  testing::Dice dice(713);
  const Tensor<float> x = dice.tensor<float>({3, 5, 5, 1});
  nn::Sequential<float> net(nn::Flatten<float>{}, nn::Linear<float>(25, 2));
  nn::initialize(net, 1);
  nn::Sequential<float>::Saved saved;
  CHECK_THROWS_AS(net.backward(Tensor<float>({3, 2}), saved, context), Error);
  const Tensor<float> y = net.forward(x, saved, context);
  net.backward(y, saved, context);
  CHECK_THROWS_AS(net.backward(y, saved, context), Error);
  // One that ended in the middle is none, and took the tape of the one before with it.
  net.forward(x, saved, context);
  const Tensor<float> smaller({3, 4, 4, 1});
  CHECK_THROWS_AS(net.forward(smaller, saved, context), Error);
  CHECK_THROWS_AS(net.backward(y, saved, context), Error);
}

TEST_CASE("as many layers assigned or moved to others leave the parameters in place",
          "[sequential]") {
  const auto made = [](std::uint64_t seed) {
    nn::Sequential<float> net(nn::Linear<float>(4, 3), nn::Linear<float>(3, 2));
    nn::initialize(net, seed);
    return net;
  };
  nn::Sequential<float> net = made(1);
  const nn::Sequential<float> other = made(2);
  const nn::Parameter<float>& weight = net[1].as<nn::Linear<float>>()->weight;
  net = other;
  const float copied = weight.value()[0];
  net = made(3);
  CHECK(&net[1].as<nn::Linear<float>>()->weight == &weight);
  CHECK(weight.value()[0] != copied);
  net = nn::Sequential<float>(nn::Linear<float>(4, 3));
  CHECK(net.size() == 1);
}

TEST_CASE("a sequence does with the data's gradient what its first layer does", "[sequential]") {
  CHECK(nn::Sequential<float>(nn::Linear<float>(4, 3)).skips_data_gradient());
  const nn::Sequential<float> net(nn::Activation<float>{}, nn::Linear<float>(4, 3));
  CHECK_FALSE(net.skips_data_gradient());
  CHECK_FALSE(nn::Sequential<float>().skips_data_gradient());
}

TEST_CASE("a layer that there is not is refused", "[sequential]") {
  nn::Sequential<float> net(nn::Linear<float>(4, 3));
  CHECK_NOTHROW(net[0]);
  CHECK_THROWS_AS(net[1], Error);
}

TEST_CASE("a backward pass ends at the first layer that learns", "[sequential]") {
  const Tensor<float> x = testing::Dice(714).tensor<float>({6, 4});
  int backwards = 0;
  // How often a first, frozen layer is asked, and the gradient of what reads it.
  const auto train = [&](nn::Sequential<float> net, bool has_data) {
    nn::initialize(net, 1);
    nn::freeze(net, "0");
    nn::Context<float> context(1);
    nn::Sequential<float>::Saved saved;
    Tensor<float> gradient;
    for (int step = 0; step < 2; ++step) {
      context.begin_step(0, has_data ? x.view() : View<const float>{});
      const Tensor<float> y = net.forward(x, saved, context);
      backwards = 0;
      CHECK(net.backward(y, saved, context).empty() == has_data);
    }
    nn::for_each_parameter(net, [&](const std::string& path, auto& parameter) {
      if (path.ends_with("weight") && !parameter.frozen) gradient = parameter.gradient();
    });
    return gradient;
  };
  const auto sequence = [&](auto... rest) {
    return nn::Sequential<float>(Counted{{4, 5}, &backwards}, nn::Activation<float>{}, rest...);
  };
  const nn::Linear<float> last(5, 3);
  const Tensor<float> whole = train(sequence(last), false);
  CHECK(backwards == 1);
  const Tensor<float> short_cut = train(sequence(last), true);
  CHECK(backwards == 0);
  CHECK(testing::largest(whole) > 0.0);
  CHECK(testing::largest_difference(whole, short_cut) == 0.0);
  // One that cannot do without the gradient of what it reads.
  train(sequence(nn::Sequential<float>(nn::Activation<float>{}, last)), true);
  CHECK(backwards == 1);
}

}  // namespace effv2::sequential_test
