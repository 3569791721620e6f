// A three-stage network against PyTorch: loss, gradients, statistics, and ten steps of two
// optimisers. generate.py made small_net.safetensors and says what is in it.
#include <effv2/kernels/loss.hpp>
#include <effv2/models/efficientnet.hpp>
#include <effv2/optim/adamw.hpp>
#include <effv2/optim/rmsprop.hpp>
#include <regex>

#include "../support/compare.hpp"
#include "dump.hpp"

namespace effv2::small_net_test {

namespace {

// torchvision's name of our path: "blocks.2.project.bn.weight" -> "features.2.0.block.1.1.weight".
std::string torch_name(const std::string& path) {
  struct Place {
    int stage, index;
    bool fused, expands;
  };
  static const Place places[] = {{1, 0, true, false}, {1, 1, true, false}, {2, 0, true, true},
                                 {2, 1, true, true},  {3, 0, false, true}, {3, 1, false, true}};
  std::smatch match;
  const std::regex unit("(stem|head|blocks\\.(\\d)\\.(\\w+))\\.(conv|bn|reduce|expand)\\.(\\w+)");
  if (!std::regex_match(path, match, unit)) return "classifier.1." + path.substr(11);
  const std::string part = match[4] == "conv" ? ".0." : ".1.";
  if (match[1] == "stem") return "features.0" + part + match.str(5);
  if (match[1] == "head") return "features.4" + part + match.str(5);
  const Place& place = places[std::stoi(match[2])];
  const std::string block =
      "features." + std::to_string(place.stage) + "." + std::to_string(place.index) + ".block.";
  if (match[3] == "squeeze_excite") {
    return block + (match[4] == "reduce" ? "2.fc1." : "2.fc2.") + match.str(5);
  }
  const std::string position = match[3] == "expand"      ? "0"
                               : match[3] == "depthwise" ? "1"
                               : place.fused             ? "1"
                                                         : "3";
  return block + position + part + match.str(5);
}

template <class T>
struct Oracle {
  testing::Dump dump = testing::read_dump("small_net.safetensors");
  models::EfficientNet<T> model{spec(), options()};
  typename models::EfficientNet<T>::Saved saved;
  nn::Context<T> context{2};
  Tensor<T> images;
  std::vector<std::int32_t> labels;

  static models::ModelSpec spec() {
    using enum models::BlockKind;
    return {"small",
            8,
            48,
            {{{fused_mbconv, 2, 3, 1, 1, 8, 8},
              {fused_mbconv, 2, 3, 2, 4, 8, 16},
              {mbconv, 2, 5, 2, 4, 16, 16}}},
            3};
  }
  static models::EfficientNetOptions options() {
    return {.in_channels = 1, .classes = 10, .dropout = 0.0, .drop_path = 0.0};
  }

  Oracle() {
    const Tensor<double>& input = dump.at("input");  // one channel: NCHW is NHWC
    images = Tensor<T>({input.extent(0), input.extent(2), input.extent(3), 1});
    for (std::int64_t i = 0; i < input.size(); ++i) images[i] = static_cast<T>(input[i]);
    for (const double label : dump.at("labels")) labels.push_back(static_cast<std::int32_t>(label));
    load();
  }

  void load() {
    const auto set = [&](const std::string& path, auto& variable) {
      variable.edit() = expected("initial", path, variable);
    };
    nn::for_each_parameter(model, set);
    nn::for_each_state(model, set);
  }

  Tensor<T> expected(const std::string& prefix, const std::string& path,
                     const nn::Variable<T>& variable) const {
    const std::string name = prefix + "." + torch_name(path);
    INFO(path << " -> " << name);
    REQUIRE(dump.contains(name));
    return testing::weights_from_torch<T>(dump.at(name), variable.shape());
  }

  double step_gradients() {
    context.begin_step(0);
    const Tensor<T> logits = model.forward(images, saved, context);
    Tensor<T> targets(logits.shape()), d(logits.shape());
    kernels::smooth_targets<T>(targets, labels, 0.1);
    const double loss = kernels::softmax_cross_entropy<T>(d, logits, targets);
    model.backward(d, saved, context);
    return loss;
  }

  template <class Optimizer>
  void check_training(const std::string& name, Optimizer&& optimizer, double rate,
                      double tolerance) {
    for (std::int64_t step = 0; step < 10; ++step) {
      const double loss = step_gradients();
      CHECK(loss == Approx(dump.at("losses." + name)[step]).epsilon(tolerance));
      optimizer.step(rate, context.execution);
    }
    nn::for_each_parameter(model, [&](const std::string& path, const nn::Parameter<T>& p) {
      CAPTURE(name, path);
      CHECK(testing::relative_difference(p.value(), expected(name, path, p)) <= tolerance);
    });
  }
};

}  // namespace

TEMPLATE_TEST_CASE("a small network against PyTorch", "[oracle]", double, float) {
  using T = TestType;
  const double tolerance = std::is_same_v<T, double> ? 1e-9 : 1e-4;
  Oracle<T> oracle;
  REQUIRE(nn::parameter_count(oracle.model) < 30000);

  SECTION("inference") {
    const Tensor<T> logits = oracle.model.infer(oracle.images, oracle.context);
    CHECK(testing::relative_difference(logits, oracle.dump.at("eval_logits")) <= tolerance);
  }
  SECTION("loss, gradients and statistics of the first step") {
    CHECK(oracle.step_gradients() == Approx(oracle.dump.at("loss")[0]).epsilon(tolerance));
    // A batch norm before another has gradients that are zero but for rounding: such a tensor is
    // held against a thousandth of the largest gradient of the network.
    double most = 0.0;
    nn::for_each_parameter(oracle.model, [&](const std::string& path, nn::Parameter<T>& p) {
      most = std::max(most, testing::largest(oracle.expected("gradient", path, p)));
    });
    nn::for_each_parameter(oracle.model, [&](const std::string& path, nn::Parameter<T>& p) {
      CAPTURE(path);
      const Tensor<T> expected = oracle.expected("gradient", path, p);
      CHECK(testing::largest_difference(p.gradient(), expected) <=
            tolerance * std::max(testing::largest(expected), 1e-3 * most));
    });
    nn::for_each_state(oracle.model, [&](const std::string& path, const nn::State<T>& s) {
      CAPTURE(path);
      CHECK(testing::relative_difference(s.value(), oracle.expected("running", path, s)) <=
            tolerance);
    });
  }
  SECTION("ten steps of AdamW") {
    oracle.check_training("adamw",
                          optim::AdamW<T>(oracle.model, {.epsilon = 1e-3, .weight_decay = 0.05}),
                          2e-3, tolerance);
  }
  SECTION("ten steps of RMSProp") {
    oracle.check_training("rmsprop", optim::Rmsprop<T>(oracle.model, {.weight_decay = 1e-3}), 2e-3,
                          tolerance);
  }
}

}  // namespace effv2::small_net_test
