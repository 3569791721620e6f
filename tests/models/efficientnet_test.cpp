#include <effv2/models/efficientnet.hpp>
#include <map>
#include <set>

#include "../catch.hpp"
#include "../support/compare.hpp"
#include "../support/gradient.hpp"
#include "../support/random.hpp"

namespace effv2::efficientnet_test {

using testing::Dice;

TEST_CASE("parameter counts are those of the published models", "[efficientnet]") {
  // 1000 classes, 3 channels; and 10 classes, 1 channel for the V2 models.
  const std::map<std::string, std::int64_t> imagenet = {
      {"s", 21458488},     {"m", 54139356},     {"l", 118515272},    {"xl", 208119808},
      {"b0", 7139704},     {"b1", 8141052},     {"b2", 10096086},    {"b3", 14358406},
      {"v1-b0", 5288548},  {"v1-b1", 7794184},  {"v1-b2", 9109994},  {"v1-b3", 12233232},
      {"v1-b4", 19341616}, {"v1-b5", 30389784}, {"v1-b6", 43040704}, {"v1-b7", 66347960}};
  const std::map<std::string, std::int64_t> digits = {
      {"s", 20189866}, {"m", 52870734}, {"l", 117246506}, {"xl", 206851042},
      {"b0", 5870938}, {"b1", 6872286}, {"b2", 8700600},  {"b3", 12836056}};
  for (const auto& [name, count] : imagenet) {
    CAPTURE(name);
    CHECK(nn::parameter_count(models::EfficientNet<float>(models::find_model(name))) == count);
  }
  for (const auto& [name, count] : digits) {
    CAPTURE(name);
    const models::EfficientNet<float> model(models::find_model(name),
                                            {.in_channels = 1, .classes = 10});
    CHECK(nn::parameter_count(model) == count);
  }
  CHECK(nn::parameter_count(models::EfficientNet<float>(
            models::find_model("tiny"), {.in_channels = 1, .classes = 10})) < 300000);
}

TEST_CASE("multiply-adds are those of the published models", "[efficientnet]") {
  const std::map<std::string, double> giga = {{"s", 8.366},  {"m", 24.58},  {"l", 56.08},
                                              {"b0", 0.718}, {"b1", 1.197}, {"b3", 3.011}};
  for (const auto& [name, expected] : giga) {
    const models::ModelSpec& spec = models::find_model(name);
    const models::EfficientNet<float> model(spec);
    const nn::Summary summary = nn::summary(model, {1, spec.eval_size, spec.eval_size, 3});
    CAPTURE(name);
    CHECK(static_cast<double>(summary.multiply_adds) * 1e-9 == Approx(expected).epsilon(2e-3));
    CHECK(summary.parameters == nn::parameter_count(model));
  }
}

TEST_CASE("a stock S on 28 pixels goes 14, 14, 7, 4, 2, 2, 1", "[efficientnet]") {
  const auto sizes = [](std::int64_t stem_stride) {
    const models::EfficientNet<float> model(
        models::find_model("s"), {.in_channels = 1, .classes = 10, .stem_stride = stem_stride});
    std::set<std::int64_t> heights;
    for (const nn::Node& node : nn::describe(model, {1, 28, 28, 1}).nodes()) {
      if (node.kind == "batch_norm") heights.insert(node.output[1]);
    }
    return heights;
  };
  CHECK(sizes(2) == std::set<std::int64_t>{14, 7, 4, 2, 1});
  CHECK(sizes(1) == std::set<std::int64_t>{28, 14, 7, 4, 2});
}

TEST_CASE("drop path rises linearly over the blocks", "[efficientnet]") {
  models::EfficientNet<float> model(models::find_model("s"), {.drop_path = 0.2});
  REQUIRE(model.blocks.size() == 40);
  CHECK(model.blocks[0].as<nn::FusedMBConv<float>>()->drop_path.rate == 0.0);
  CHECK(model.blocks[20].as<nn::MBConv<float>>()->drop_path.rate == Approx(0.1));
  CHECK(model.blocks[39].as<nn::MBConv<float>>()->drop_path.rate == Approx(0.2 * 39 / 40));
}

TEST_CASE("the options change what they name", "[efficientnet]") {
  models::EfficientNetOptions options{.in_channels = 2, .classes = 7, .head = 128, .dropout = 0.4};
  options.defaults.activation = nn::ActivationKind::relu;
  options.defaults.padding = nn::Padding::same;
  const auto model = models::efficientnet<float>("tiny", options, 1);
  CHECK(model.classifier.weight.shape() == Shape{128, 7});
  CHECK(model.stem.conv.weight.shape() == Shape{3, 3, 2, 16});
  CHECK(model.dropout.rate == 0.4);
  CHECK(model.stem.bn.options.activation == nn::ActivationKind::relu);
  CHECK(model.stem.conv.options.padding == nn::Padding::same);
  CHECK_THROWS_AS(models::efficientnet<float>("nope", {}, 1), Error);
  CHECK_THROWS_AS(models::efficientnet<float>("tiny", {.classes = 0}, 1), Error);
  CHECK_THROWS_AS(models::efficientnet<float>("tiny", {.drop_path = 1.0}, 1), Error);
  CHECK_THROWS_AS(models::efficientnet<float>("tiny", {.dropout = 1.5}, 1), Error);
}

TEST_CASE("a network's configuration tells all that it was built from", "[efficientnet]") {
  using Options = models::EfficientNetOptions;
  const auto text = [](const models::ModelSpec& spec, const Options& o) {
    return models::EfficientNet<float>(spec, o).configuration();
  };
  const models::ModelSpec& tiny = models::find_model("tiny");
  const std::string plain = text(tiny, {});
  CHECK(plain == text(tiny, {.head = tiny.head, .dropout = tiny.dropout}));
  const auto differs = [&](auto change) {
    Options o;
    change(o);
    CHECK(text(tiny, o) != plain);
  };
  differs([](Options& o) { o.in_channels = 1; });
  differs([](Options& o) { o.classes = 10; });
  differs([](Options& o) { o.head = 8; });
  differs([](Options& o) { o.stem_stride = 1; });
  differs([](Options& o) { o.dropout = 0.5; });
  differs([](Options& o) { o.classifier_scale = 0.5; });
  differs([](Options& o) { o.drop_path = 0.5; });
  differs([](Options& o) { o.defaults.activation = nn::ActivationKind::relu; });
  differs([](Options& o) { o.defaults.padding = nn::Padding::same; });
  differs([](Options& o) { o.defaults.bn_epsilon = 1e-5; });
  differs([](Options& o) { o.defaults.bn_momentum = 0.3; });
  differs([](Options& o) { o.defaults.branch_gamma = 0.5; });
  models::ModelSpec other = tiny;
  other.table[2].kernel = 5;
  CHECK(text(other, {}) != plain);
  other = tiny;
  other.table[1].kind = models::BlockKind::mbconv;
  CHECK(text(other, {}) != plain);
}

TEST_CASE("the same seed makes the same network, another seed another", "[efficientnet]") {
  const auto first = models::efficientnet<float>("tiny", {}, 5);
  const auto again = models::efficientnet<float>("tiny", {}, 5);
  const auto other = models::efficientnet<float>("tiny", {}, 6);
  CHECK(testing::largest_difference(first.stem.conv.weight.value(),
                                    again.stem.conv.weight.value()) == 0.0);
  CHECK(testing::largest_difference(first.stem.conv.weight.value(),
                                    other.stem.conv.weight.value()) > 0.01);
}

TEST_CASE("a network without values says so", "[efficientnet]") {
  models::EfficientNet<float> model(models::find_model("tiny"), {.in_channels = 1});
  nn::Context<float> context(1);
  CHECK_THROWS_WITH(model.infer(Tensor<float>({1, 28, 28, 1}), context),
                    Catch::Contains("initialize"));
}

TEST_CASE("wrong images are refused with a text that helps", "[efficientnet]") {
  auto model = models::efficientnet<float>("tiny", {.in_channels = 3, .classes = 10}, 1);
  nn::Context<float> context(1);
  CHECK_THROWS_WITH(model.infer(Tensor<float>({2, 28, 28, 1}), context),
                    Catch::Contains("[conv2d] expected 3 input channels, got 1 in (2, 28, 28, 1)"));
  CHECK_THROWS_AS(model.infer(Tensor<float>({0, 28, 28, 3}), context), Error);
  CHECK_THROWS_AS(model.infer(Tensor<float>({28, 28, 3}), context), Error);
}

TEST_CASE("inference equals training mode with frozen statistics", "[efficientnet]") {
  // Folded batch norm and no saved activations against the training path.
  Dice dice(200);
  auto model = models::efficientnet<double>(
      "tiny", {.in_channels = 1, .classes = 10, .dropout = 0.0, .drop_path = 0.0}, 3);
  nn::for_each_state(model, [&](const std::string& path, auto& state) {
    const bool mean = path.ends_with("mean");
    for (double& v : state.edit()) v = mean ? dice.uniform(-0.5, 0.5) : dice.uniform(0.5, 2.0);
    state.frozen = true;
  });
  nn::Context<double> context(2);
  const Tensor<double> x = dice.tensor<double>({3, 28, 28, 1});
  decltype(model)::Saved saved;
  const Tensor<double> trained = model.forward(x, saved, context);
  const Tensor<double> inferred = model.infer(x, context);
  CHECK(testing::relative_difference(inferred, trained) < 1e-11);

  // Changed weights are noticed, although they were packed and folded before.
  for (double& v : model.head.bn.weight.edit()) v *= 2.0;
  const Tensor<double> changed = model.infer(x, context);
  const Tensor<double> again = model.forward(x, saved, context);
  CHECK(testing::relative_difference(changed, again) < 1e-11);
  CHECK(testing::relative_difference(changed, inferred) > 1e-3);
}

TEST_CASE("gradients of the tiny model along random directions", "[efficientnet][gradient]") {
  Dice dice(201);
  auto model = models::efficientnet<double>("tiny", {.in_channels = 1, .classes = 10}, 4);
  const Tensor<double> x = dice.tensor<double>({6, 17, 15, 1});
  const double error = testing::gradient_error(model, Tensor<double>(x), dice, 1);
  testing::report_gradient("tiny model", 1, error);
  CHECK(error <= testing::gradient_tolerance);
}

TEST_CASE("a copy of a model is a model of its own", "[efficientnet]") {
  auto model = models::efficientnet<float>("tiny", {.in_channels = 1}, 1);
  auto copy = model;
  copy.stem.conv.weight.edit().fill(0.0F);
  const auto set = [](const std::string&, auto& p) { p.edit().fill(0.0F); };
  nn::for_each_parameter(copy, set);
  CHECK(testing::largest(model.stem.conv.weight.value()) > 0.0);
  double sum = 0.0;
  nn::for_each_parameter(std::as_const(model), [&](const std::string&, const auto& p) {
    sum += testing::largest(p.value());
  });
  CHECK(sum > 1.0);
}

TEST_CASE("a classifier is replaced, and the body keeps what it knows", "[efficientnet]") {
  auto net = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 10}, 1);
  const auto before = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 10}, 1);
  net.replace_classifier(3, 2);
  CHECK(net.options.classes == 3);
  nn::Context<float> context(1);
  const Tensor<float> x = Tensor<float>::filled({2, 28, 28, 1}, 0.5F);
  const Tensor<float> logits = net.infer(x, context);
  CHECK(logits.shape() == Shape{2, 3});
  CHECK(logits[0] != logits[1]);
  CHECK(std::equal(net.stem.conv.weight.value().begin(), net.stem.conv.weight.value().end(),
                   before.stem.conv.weight.value().begin()));
  CHECK_THROWS_AS(net.replace_classifier(0, 2), Error);
}

TEST_CASE("a backward without its forward is refused", "[efficientnet]") {
  auto net = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 3}, 1);
  models::EfficientNet<float>::Saved saved;
  nn::Context<float> context(1);
  CHECK_THROWS_WITH(net.backward(Tensor<float>({2, 3}), saved, context),
                    Catch::Contains("without its forward"));
  CHECK_THROWS_AS(
      models::EfficientNet<float>(models::find_model("tiny"), {.classifier_scale = std::nan("")}),
      Error);
}

TEST_CASE("what is frozen needs no backward pass, which changes no gradient", "[efficientnet]") {
  const Tensor<double> x = Dice(79).tensor<double>({3, 12, 12, 1});
  struct Step {
    std::vector<double> gradients;  // of what is not frozen
    std::string end;                // where the backward pass ends
  };
  const auto train = [&](const std::vector<const char*>& learners, bool has_data) {
    auto model = models::efficientnet<double>("tiny", {.in_channels = 1, .classes = 10}, 1);
    nn::freeze(model, "");
    for (const char* prefix : learners) nn::freeze(model, prefix, false);
    nn::Context<double> context(1);
    models::EfficientNet<double>::Saved saved;
    context.begin_step(0, has_data ? x.view() : View<const double>{});
    const Tensor<double> y = model.forward(x, saved, context);
    Step step{{}, "among the blocks"};
    if (context.is_data(saved.dropped)) step.end = "at the classifier";
    if (context.is_data(saved.blocks_output)) step.end = "at the head";
    if (context.is_data(saved.stem_output)) step.end = "at the first block";
    if (context.is_data(x)) step.end = "at the stem";
    CHECK(model.backward(y, saved, context).empty() == has_data);
    nn::for_each_parameter(model, [&](const std::string&, auto& parameter) {
      if (parameter.frozen) return;
      step.gradients.insert(step.gradients.end(), parameter.gradient().begin(),
                            parameter.gradient().end());
    });
    return step;
  };
  struct Case {
    std::vector<const char*> learners;
    const char* end;
  };
  for (const Case& c :
       {Case{{"classifier"}, "at the classifier"}, Case{{"head", "classifier"}, "at the head"},
        Case{{"blocks.3", "classifier"}, "among the blocks"},
        Case{{"blocks.3"}, "among the blocks"}, Case{{"blocks.0"}, "at the first block"},
        Case{{"stem"}, "at the stem"}, Case{{""}, "at the stem"}}) {
    CAPTURE(c.end);
    const Step whole = train(c.learners, false), cut = train(c.learners, true);
    CHECK(cut.gradients == whole.gradients);
    CHECK(cut.end == c.end);
    CHECK(std::any_of(whole.gradients.begin(), whole.gradients.end(),
                      [](double d) { return d != 0.0; }));
  }
}

TEST_CASE("a first block of one's own need not do without the gradient of what it reads",
          "[efficientnet]") {
  // y = conv(x) + x, whose backward pass adds to what the convolution's returns.
  struct Residual {
    using value_type = float;
    using Saved = nn::Conv2d<float>::Saved;
    nn::Conv2d<float> conv;
    Tensor<float> forward(const Tensor<float>& x, Saved& saved, nn::Context<float>& context) {
      return sum(conv.forward(x, saved, context), x, context);
    }
    Tensor<float> backward(const Tensor<float>& dy, Saved& saved, nn::Context<float>& context) {
      const Tensor<float> dx = conv.backward(dy, saved, context);
      REQUIRE_FALSE(dx.empty());
      return sum(dx, dy, context);
    }
    Tensor<float> infer(const Tensor<float>& x, nn::Context<float>& context) const {
      return sum(conv.infer(x, context), x, context);
    }
    static Tensor<float> sum(const Tensor<float>& a, const Tensor<float>& b,
                             nn::Context<float>& context) {
      Tensor<float> y = context.tensor(a.shape());
      kernels::add<float>(y, a, b, context.execution);
      return y;
    }
    void visit(nn::Visitor<float>& visitor) { visitor("conv", conv); }
    int describe(nn::Graph& graph, int input) const { return graph.enter("conv", conv, input); }
  };
  auto model = models::efficientnet<float>("tiny", {.in_channels = 1, .classes = 10}, 1);
  const std::int64_t channels = model.spec.stem;
  Residual first{
      nn::Conv2d<float>({.in_channels = channels, .out_channels = channels, .kernel = 3})};
  nn::initialize(first, 2);
  nn::Sequential<float> blocks;
  blocks.add(first);
  for (std::size_t i = 0; i < model.blocks.size(); ++i) blocks.add(model.blocks[i]);
  model.blocks = blocks;
  nn::freeze(model, "stem");
  nn::Context<float> context(1);
  models::EfficientNet<float>::Saved saved;
  const Tensor<float> x = Dice(80).tensor<float>({2, 12, 12, 1});
  context.begin_step(0, x);
  const Tensor<float> y = model.forward(x, saved, context);
  CHECK_NOTHROW(model.backward(y, saved, context));
}

}  // namespace effv2::efficientnet_test
