#include <cmath>
#include <effv2/nn/conv2d.hpp>
#include <effv2/nn/depthwise_conv2d.hpp>
#include <effv2/nn/linear.hpp>
#include <effv2/optim/muon.hpp>
#include <map>
#include <vector>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/orthogonal.hpp"
#include "../support/random.hpp"

namespace effv2::muon_test {

namespace {

constexpr optim::MuonOptions options{
    .momentum = 0.8, .weight_decay = 0.1, .beta1 = 0.7, .beta2 = 0.95, .epsilon = 1e-4};
constexpr double rate = 0.05;

// One parameter as the equations have it.
struct Reference {
  Tensor<double> w, m, v;
  bool decays = false;

  explicit Reference(const nn::Parameter<double>& p)
      : w(p.value()), m(p.shape()), v(p.shape()), decays(p.decays) {}

  double decay(std::int64_t i) const { return decays ? 0.1 * w[i] : 0.0; }

  void matrix_step(const Tensor<double>& g) {
    const std::int64_t columns = g.shape()[g.rank() - 1], rows = g.size() / columns;
    Tensor<double> d({rows, columns});
    for (std::int64_t i = 0; i < g.size(); ++i) {
      m[i] = 0.8 * m[i] + g[i];
      d[i] = g[i] + 0.8 * m[i];
    }
    const Tensor<double> direction = testing::orthogonal(d);
    const double size = 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns)));
    for (std::int64_t i = 0; i < g.size(); ++i) w[i] -= rate * (size * direction[i] + decay(i));
  }

  void adamw_step(const Tensor<double>& g, int t) {
    for (std::int64_t i = 0; i < g.size(); ++i) {
      m[i] = 0.7 * m[i] + 0.3 * g[i];
      v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
      const double m_hat = m[i] / (1.0 - std::pow(0.7, t)),
                   v_hat = v[i] / (1.0 - std::pow(0.95, t));
      w[i] -= rate * (m_hat / (std::sqrt(v_hat) + 1e-4) + decay(i));
    }
  }
};

// Six steps, with `matrix` the path of the parameter that is one ("": none is).
template <class Layer>
void check_updates(Layer layer, const std::string& matrix) {
  nn::initialize(layer, 1);
  optim::Muon<double> optimizer(layer, options);
  testing::Dice dice(411);
  std::map<std::string, Reference> references;
  nn::for_each_parameter(
      layer, [&](const std::string& path, auto& p) { references.emplace(path, Reference(p)); });
  for (int t = 1; t <= 6; ++t) {
    nn::for_each_parameter(layer, [&](const std::string& path, auto& p) {
      p.gradient() = dice.tensor<double>(p.shape());
      if (path == matrix) {
        references.at(path).matrix_step(p.gradient());
      } else {
        references.at(path).adamw_step(p.gradient(), t);
      }
    });
    optimizer.step(rate, Execution(2));
    nn::for_each_parameter(layer, [&](const std::string& path, auto& p) {
      CAPTURE(path, t);
      CHECK(testing::largest_difference(p.value(), references.at(path).w) < 1e-9);
    });
  }
}

}  // namespace

TEST_CASE("Muon follows its equations, and AdamW's where there is no matrix", "[muon]") {
  check_updates(nn::Linear<double>(5, 7), "weight");
  check_updates(nn::Linear<double>(19, 3), "weight");
  check_updates(nn::Conv2d<double>({.in_channels = 2, .out_channels = 5, .kernel = 3}), "weight");
  check_updates(nn::DepthwiseConv2d<double>({.channels = 6, .kernel = 3}), "");
}

TEST_CASE("Muon's updates do not depend on the threads, and leave frozen weights", "[muon]") {
  nn::Linear<float> one(40, 33);
  nn::initialize(one, 1);
  nn::Linear<float> three = one;
  optim::Muon<float> first(one), second(three);
  testing::Dice dice(412);
  for (int t = 0; t < 3; ++t) {
    one.weight.gradient() = dice.tensor<float>({40, 33});
    three.weight.gradient() = one.weight.gradient();
    first.step(0.1, Execution(1)), second.step(0.1, Execution(3));
    CHECK(testing::largest_difference(one.weight.value(), three.weight.value()) == 0.0);
  }
  one.weight.frozen = true;
  one.weight.gradient() = dice.tensor<float>({40, 33});
  first.step(0.1, Execution(2));
  CHECK(testing::largest_difference(first.slots()[0].first, second.slots()[0].first) == 0.0);
  CHECK(testing::largest_difference(one.weight.value(), three.weight.value()) == 0.0);
  CHECK_THROWS_AS(optim::Muon<float>(one, {.momentum = 1.0}), Error);
  CHECK_THROWS_AS(optim::Muon<float>(one, {.weight_decay = -1.0}), Error);
}

}  // namespace effv2::muon_test
